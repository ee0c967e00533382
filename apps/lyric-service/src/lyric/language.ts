import type { Brief, Language, Lyric } from '@castad/contracts';

/** How much of a lyric's letters each language needs; songs borrow words from others. */
const MIN_OWN = 1 / 4;
const MIN_LATIN = 1 / 2;
const MIN_KANA = 1 / 10;

/** Whether a lyric is in the language it was ordered in, judged by its script; the names in it may be in any. */
export function isWrittenIn(language: Language, { sections }: Lyric, { businessName, region }: Brief): boolean {
  const text = sections.flatMap(({ lines }) => lines).join('\n');
  const letters = without(text, [businessName, region]).match(/\p{L}/gu) ?? [];
  if (letters.length === 0) return true;
  const share = (script: RegExp) => letters.filter(letter => script.test(letter)).length / letters.length;
  const kana = share(/[\p{Script=Hiragana}\p{Script=Katakana}]/u);
  const han = share(/\p{Script=Han}/u);
  if (language === 'ko') return share(/\p{Script=Hangul}/u) >= MIN_OWN;
  if (language === 'ja') return kana >= MIN_KANA && kana + han >= MIN_OWN;
  if (language === 'zh') return kana < MIN_KANA && han >= MIN_OWN;
  return share(/\p{Script=Latin}/u) >= MIN_LATIN;
}

function without(text: string, names: string[]): string {
  const words = names.flatMap(name => name.split(/\s+/)).filter(Boolean);
  return words.reduce((rest, word) => rest.replaceAll(word.toLowerCase(), ' '), text.toLowerCase());
}
