import { sungText, type TimedLine } from '@castad/contracts';

/** The sung lines as SubRip subtitles. */
export const subRip = (lines: TimedLine[]): string =>
  lines
    .map(({ text, start, end }) => ({ text: shown(text), times: `${time(start)} --> ${time(Math.max(start, end))}` }))
    .filter(({ text }) => text !== '')
    .map(({ text, times }, i) => `${i + 1}\n${times}\n${text}\n`)
    .join('\n');

const lookalikes: Record<string, string> = { '-->': '→', '<': '‹', '>': '›', '{': '(', '}': ')' };

/** One line that is text and nothing else: section labels are not sung, arrows and tags would be read as commands. */
const shown = (text: string): string =>
  sungText(text.replace(/[\s\p{Cc}]+/gu, ' ')).replace(/-->|[<>{}]/g, found => lookalikes[found] as string);

function time(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');
  return `${pad(Math.floor(ms / 3_600_000))}:${pad(Math.floor(ms / 60_000) % 60)}:${pad(Math.floor(ms / 1000) % 60)},${pad(ms % 1000, 3)}`;
}
