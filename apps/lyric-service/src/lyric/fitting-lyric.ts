import { type Lyric, MAX_LYRIC_LETTERS, MAX_LYRIC_LINES, type SectionLabel, sectionLabels } from '@castad/contracts';

const MAX_TITLE = 80;
const MAX_STYLE = 200;
const MAX_LINE = 200;
const MAX_LINES_PER_SECTION = 40;
const MAX_SECTIONS = 20;

/** What the model wrote, as far as a song can hold it. Undefined: there is nothing to sing. */
export function fittingLyric(written: {
  title: string;
  style: string;
  sections: { label: string; lines: string[] }[];
}): Lyric | undefined {
  const [title, style] = [cleaned(written.title, MAX_TITLE), cleaned(written.style, MAX_STYLE)];
  const room = { lines: MAX_LYRIC_LINES, letters: MAX_LYRIC_LETTERS };
  const sections = written.sections
    .map(({ label, lines }) => ({ label: known(label), lines: singable(lines, room) }))
    .filter(({ lines }) => lines.length > 0)
    .slice(0, MAX_SECTIONS);
  return title && style && sections.length > 0 ? { title, style, sections } : undefined;
}

function singable(lines: string[], room: { lines: number; letters: number }): string[] {
  const fitting = lines
    .map(line => cleaned(line, MAX_LINE))
    .filter(line => line !== '')
    .slice(0, MAX_LINES_PER_SECTION);
  const end = fitting.findIndex(line => --room.lines < 0 || (room.letters -= line.length) < 0);
  return end === -1 ? fitting : fitting.slice(0, end);
}

/** By code points, so that no character is cut in half. */
const cleaned = (text: string, length: number): string =>
  [...text.replace(/[\s\p{Cc}]+/gu, ' ').trim()].slice(0, length).join('').trim();

/** Servers that do not enforce the schema write `Verse 1` and the like. */
const known = (label: string): SectionLabel =>
  sectionLabels.find(name => label.trim().toLowerCase().startsWith(name)) ?? 'verse';
