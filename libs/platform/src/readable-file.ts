import { ValidateBy } from 'class-validator';
import { accessSync, constants } from 'node:fs';

/** The path of a file that this process can read. */
export const IsReadableFile = () =>
  ValidateBy({
    name: 'isReadableFile',
    validator: {
      validate: isReadable,
      defaultMessage: args => `${args?.property} must name a file that can be read`,
    },
  });

function isReadable(path: unknown): boolean {
  try {
    accessSync(String(path), constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
