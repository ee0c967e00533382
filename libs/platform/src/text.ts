const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What a column's length counts. */
export const codePoints = (text: string): number => [...text].length;

/**
 * The longest beginning of a text that fits, without cutting a character as a person sees it (an emoji of several code
 * points, a letter with its accents). Only a single character that does not fit by itself is cut.
 */
export function shortened(text: string, max: number, lengthOf: (text: string) => number = codePoints): string {
  if (lengthOf(text) <= max) return text;
  const fitting = prefix(
    Array.from(graphemes.segment(text), ({ segment }) => segment),
    max,
    lengthOf,
  );
  return fitting || prefix([...text], max, lengthOf);
}

function prefix(pieces: string[], max: number, lengthOf: (text: string) => number): string {
  let left = max;
  const end = pieces.findIndex(piece => (left -= lengthOf(piece)) < 0);
  return pieces.slice(0, end === -1 ? undefined : end).join('');
}
