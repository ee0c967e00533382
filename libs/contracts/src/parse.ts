import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { Message, MessageClass } from './message.ts';
import { quickParse } from './quick-parse.ts';

/** A message that does not have the shape its type promises. `problems` name each offending property. */
export class InvalidMessage extends Error {
  constructor(
    readonly type: string,
    readonly problems: string[],
  ) {
    super(`${type} is invalid: ${problems.join('; ')}`);
  }
}

/** Builds the message from parsed JSON. Unknown properties are ignored: a newer producer may send more. */
export function parseMessage<M extends Message>(type: MessageClass<M>, data: unknown): M {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new InvalidMessage(type.type, ['the value is not a JSON object']);
  }
  const quick = quickParse(type, data);
  if (quick) return quick;
  const message = plainToInstance(type, data);
  const errors = validateSync(message, { stopAtFirstError: true });
  if (errors.length > 0)
    throw new InvalidMessage(
      type.type,
      errors.flatMap(error => problems(error)),
    );
  return message;
}

function problems(error: ValidationError, path = ''): string[] {
  const property = path + error.property;
  return [
    ...Object.values(error.constraints ?? {}).map(text => `${property}: ${text}`),
    ...(error.children ?? []).flatMap(child => problems(child, `${property}.`)),
  ];
}
