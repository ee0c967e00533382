const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** White space, what a renderer ignores (joiners, selectors, fillers), and the characters that are drawn as nothing. */
const INVISIBLE = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\u{13441}\u{13442}\u{1D159}]/gu;

/** Whether nothing of it can be seen. */
export const isBlank = (text: string): boolean => text.replace(INVISIBLE, '') === '';

/** What a column's length counts. */
export const codePoints = (text: string): number => [...text].length;

/**
 * The longest beginning of a text that fits, without cutting a character as a person sees it (an emoji of several code
 * points, a letter with its accents). Only a single character that does not fit by itself is cut.
 */
export function shortened(text: string, max: number, lengthOf: (text: string) => number = codePoints): string {
  const whole = text.toWellFormed();
  if (lengthOf(whole) <= max) return whole;
  return prefix(characters(whole), max, lengthOf) || prefix(whole, max, lengthOf);
}

function* characters(text: string): Generator<string> {
  for (const { segment } of graphemes.segment(text)) yield segment;
}

function prefix(pieces: Iterable<string>, max: number, lengthOf: (text: string) => number): string {
  let kept = '';
  let left = max;
  for (const piece of pieces) {
    left -= lengthOf(piece);
    if (left < 0) break;
    kept += piece;
  }
  return kept;
}
