import { readFileSync } from 'node:fs';

/** What went wrong, told so that the reader knows what to do next. */
export class Failure extends Error {
  override name = 'Failure';

  constructor(what: string, { log, next, cause }: { log?: string; next?: string; cause?: unknown } = {}) {
    const parts = [what, log && `Last lines of ${log}:\n${tail(log)}`, next && `What to do: ${next}`];
    super(parts.filter(Boolean).join('\n\n'), { cause });
  }
}

/** The last lines of a log, indented. */
export function tail(log: string, lines = 20): string {
  const text = readFileSync(log, 'utf8').trimEnd();
  return (text || '(empty)')
    .split('\n')
    .slice(-lines)
    .map(line => `  ${line}`)
    .join('\n');
}
