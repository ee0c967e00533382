import type { TimedLine } from '@castad/contracts';

/** The sung lines as SubRip subtitles. */
export const subRip = (lines: TimedLine[]): string =>
  lines.map(({ text, start, end }, i) => `${i + 1}\n${time(start)} --> ${time(end)}\n${text}\n`).join('\n');

function time(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');
  return `${pad(Math.floor(ms / 3_600_000))}:${pad(Math.floor(ms / 60_000) % 60)}:${pad(Math.floor(ms / 1000) % 60)},${pad(ms % 1000, 3)}`;
}
