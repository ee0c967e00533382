import type { TimedLine } from '@castad/contracts';
import { align } from './align.ts';

/** One sung piece; seconds from the beginning of the track. */
export interface SungWord {
  text: string;
  start: number;
  end: number;
}

/**
 * When each line is sung. The words come in pieces of unknown size (syllables, words, phrases), so lines and pieces
 * are matched by their letters alone. A line that is hardly found shares the gap between its neighbours.
 */
export function timedLines(lines: string[], words: SungWord[], durationSeconds: number): TimedLine[] {
  return fillGaps(lines, found(lines, words), durationSeconds);
}

interface Span {
  start: number;
  end: number;
}

/** Of a line's letters: fewer were found by chance. */
const ENOUGH = 1 / 3;

const letters = (text: string): string[] => [
  ...text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, ''),
];

function found(lines: string[], words: SungWord[]): (Span | undefined)[] {
  const sung = words.flatMap(timedLetters);
  const written = lines.map(letters);
  const pairs = align(
    written.flat(),
    sung.map(({ letter }) => letter),
  );
  let from = 0;
  return written.map(({ length }) => {
    const spans = pairs
      .slice(from, (from += length))
      .flatMap(index => (index === undefined ? [] : (sung[index] ?? [])));
    const [first, last] = [spans[0], spans.at(-1)];
    return first && last && spans.length >= length * ENOUGH ? { start: first.start, end: last.end } : undefined;
  });
}

/** A phrase may run over the end of a line, so its time is shared by its letters. */
function timedLetters({ text, start, end }: SungWord): (Span & { letter: string })[] {
  const all = letters(text);
  const at = (share: number) => start * (1 - share) + end * share;
  return all.map((letter, i) => ({ letter, start: at(i / all.length), end: at((i + 1) / all.length) }));
}

function fillGaps(lines: string[], spans: (Span | undefined)[], durationSeconds: number): TimedLine[] {
  return lines.map((text, i) => {
    const span = spans[i];
    if (span) return { text, ...span };
    const before = spans.slice(0, i).findLastIndex(Boolean);
    const after = spans.findIndex((other, j) => j > i && other);
    const from = spans[before]?.end ?? 0;
    const to = Math.max(from, spans[after]?.start ?? durationSeconds);
    const share = (to - from) / ((after === -1 ? lines.length : after) - before - 1);
    const start = from + share * (i - before - 1);
    return { text, start, end: start + share };
  });
}
