import type { TimedLine } from '@castad/contracts';

/** One sung word or syllable; seconds from the beginning of the track. */
export interface SungWord {
  text: string;
  start: number;
  end: number;
}

/**
 * When each line is sung. The words come in pieces of unknown size (syllables, words, phrases), so lines and pieces
 * are matched by their letters alone. A line without any timed letter shares the gap between its neighbours.
 */
export function timedLines(lines: string[], words: SungWord[], durationSeconds: number): TimedLine[] {
  const spans = words.length > 0 ? matched(lines, words) : lines.map(() => undefined);
  return fillGaps(lines, spans, durationSeconds);
}

type Span = { start: number; end: number } | undefined;

const letters = (text: string): string[] => [
  ...text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, ''),
];

function matched(lines: string[], words: SungWord[]): Span[] {
  const sung = words.flatMap(word => letters(word.text).map(letter => ({ letter, word })));
  let at = 0;
  return lines.map(line => {
    const found: SungWord[] = [];
    for (const letter of letters(line)) {
      // Look a little ahead: the singer may have left out or added a syllable.
      const ahead = sung.slice(at, at + 8).findIndex(piece => piece.letter === letter);
      if (ahead === -1) continue;
      at += ahead + 1;
      found.push((sung[at - 1] as (typeof sung)[number]).word);
    }
    const [first, last] = [found[0], found.at(-1)];
    return first && last && last.end > first.start ? { start: first.start, end: last.end } : undefined;
  });
}

function fillGaps(lines: string[], spans: Span[], durationSeconds: number): TimedLine[] {
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
