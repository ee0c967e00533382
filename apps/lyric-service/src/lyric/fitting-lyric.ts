import {
  type Lyric,
  MAX_LYRIC_LETTERS,
  MAX_LYRIC_LINES,
  type SectionLabel,
  sectionLabels,
  sungText,
} from '@castad/contracts';
import { isBlank, shortened } from '@castad/platform';

const MAX_TITLE = 80;
const MAX_STYLE = 200;
const MAX_LINE = 200;
const MAX_LINES_PER_SECTION = 40;
const MAX_SECTIONS = 20;

/** What a label is sent with: brackets and line breaks. */
const AROUND_LABEL = 4;

/**
 * What the model wrote, as far as a song can hold it, in the style that was ordered, if one was. Undefined: there is
 * nothing to sing.
 */
export function fittingLyric(
  written: { title: string; style: string; sections: { label: string; lines: string[] }[] },
  orderedStyle?: string,
): Lyric | undefined {
  const title = cleaned(written.title, MAX_TITLE);
  const style = orderedStyle || cleaned(written.style, MAX_STYLE);
  const room = { lines: MAX_LYRIC_LINES, letters: MAX_LYRIC_LETTERS };
  const sections = written.sections
    .map(({ label, lines }) => ({ label: known(label), lines: singable(lines) }))
    .filter(({ lines }) => lines.length > 0)
    .slice(0, MAX_SECTIONS)
    .map(({ label, lines }) => ({ label, lines: fitting(label, lines, room) }))
    .filter(({ lines }) => lines.length > 0);
  return title && style && sections.length > 0 ? { title, style, sections } : undefined;
}

const singable = (lines: string[]): string[] =>
  lines
    .map(line => sungText(cleaned(line, MAX_LINE)))
    .filter(line => line !== '')
    .slice(0, MAX_LINES_PER_SECTION);

function fitting(label: string, lines: string[], room: { lines: number; letters: number }): string[] {
  room.letters -= label.length + AROUND_LABEL;
  const end = lines.findIndex(line => --room.lines < 0 || (room.letters -= line.length + 1) < 0);
  return end === -1 ? lines : lines.slice(0, end);
}

function cleaned(text: string, length: number): string {
  const line = text
    .normalize('NFC')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return isBlank(line) ? '' : shortened(line, length).trim();
}

/** Servers that do not enforce the schema write `Verse 1` and the like. */
const known = (label: string): SectionLabel =>
  sectionLabels.find(name => label.trim().toLowerCase().startsWith(name)) ?? 'verse';
