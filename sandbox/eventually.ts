import { setTimeout as delay } from 'node:timers/promises';
import { patience } from './patience.ts';

const longestLine = 200;
const mostLines = 40;

/** Repeats an assertion until it holds; the last failure, shortened, is the error when it never does. */
export async function eventually<T>(assertion: () => Promise<T> | T, timeoutMs = 20_000): Promise<T> {
  const startedAt = Date.now();
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > startedAt + timeoutMs * patience()) throw shortened(error);
      await delay(25);
    }
  }
}

/** An assertion about every record of a topic prints every record. */
function shortened(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const lines = error.message.split('\n');
  const kept = lines
    .slice(0, mostLines)
    .map(line => (line.length > longestLine ? `${line.slice(0, longestLine)} ...` : line));
  if (lines.length > mostLines) kept.push(`... and ${lines.length - mostLines} more lines`);
  const message = kept.join('\n');
  if (message === error.message) return error;
  return Object.assign(new Error(message), { stack: `${message}\n${calls(error)}` });
}

/** The stack without the message before it. */
function calls({ stack = '' }: Error): string {
  return stack.slice(stack.search(/^ {4}at /m));
}
