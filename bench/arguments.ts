import { parseArgs } from 'node:util';
import { Failure } from '../sandbox/failure.ts';

export interface Wanted {
  names: string[];
  /** The commit to compare with. */
  against?: string;
  /** How often each of the two has its turn. */
  pairs: number;
}

const PAIRS = 2;
const usage = 'npm run bench -- [--against <commit> [--pairs <n>]] [B1 B3 ...]';

/** `all` can be run, `comparable` can be run by the services of another commit. */
export function wanted(args: string[], all: string[], comparable: string[]): Wanted {
  const { values, positionals } = parse(args);
  const { against, pairs: text = String(PAIRS) } = values;
  const choice = against === undefined ? all : comparable;
  const unknown = positionals.filter(name => !choice.includes(name));
  if (unknown.length > 0) {
    const what = unknown.every(name => all.includes(name)) ? 'cannot be compared' : 'is no benchmark';
    throw new Failure(`${unknown.join(', ')} ${what}.`, { next: `choose from ${choice.join(', ')}.` });
  }
  const pairs = Number(text);
  if (!Number.isInteger(pairs) || pairs < 1)
    throw new Failure(`--pairs is ${text}.`, { next: 'give a whole number from 1.' });
  return { names: positionals.length > 0 ? positionals : choice, against, pairs };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { against: { type: 'string' }, pairs: { type: 'string' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new Failure((error as Error).message, { next: usage });
  }
}
