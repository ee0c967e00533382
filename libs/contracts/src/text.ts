const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** White space, what a renderer ignores (joiners, selectors, fillers), and the characters that are drawn as nothing. */
const INVISIBLE = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\u{13441}\u{13442}\u{1D159}]/gu;

/** Code points: what MySQL counts in a column, and JSON Schema in `maxLength`. */
export const lengthOf = (text: string): number => [...text].length;

/** Whether nothing of it can be seen. */
export const isBlank = (text: string): boolean => text.replace(INVISIBLE, '') === '';

/** The beginning that fits, cut between characters as people see them: an emoji or an accented letter is not split. */
export function shortened(text: string, max: number): string {
  const whole = text.toWellFormed();
  if (lengthOf(whole) <= max) return whole;
  let kept = '';
  let length = 0;
  for (const { segment } of graphemes.segment(whole)) {
    length += lengthOf(segment);
    if (length > max) break;
    kept += segment;
  }
  // A single character longer than all there is room for: something is better than nothing.
  return kept.trimEnd() || [...whole].slice(0, max).join('');
}
