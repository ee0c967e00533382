import 'reflect-metadata';
import { toError } from '@castad/platform';
import { Failure } from '../../sandbox/failure.ts';
import { deadLetters } from './dead-letters.ts';
import { rebuild } from './rebuild-service.ts';
import { replay } from './replay.ts';
import { WrongUse } from './wrong-use.ts';

const commands: Record<string, (args: string[]) => Promise<void>> = {
  replay,
  'dead-letters': deadLetters,
  rebuild,
};

/** Code 1: failure. Code 2: wrong usage. */
try {
  const [name = '', ...args] = process.argv.slice(2);
  const command = commands[name];
  if (!command) throw new WrongUse(`There is no command "${name}".`, `one of ${Object.keys(commands).join(', ')}.`);
  await command(args);
} catch (thrown) {
  const error = toError(thrown);
  console.error(error instanceof Failure ? error.message : error);
  process.exitCode = error instanceof WrongUse ? 2 : 1;
}
