export type Vowel = 'a' | 'e' | 'i' | 'o' | 'u';

/** One line to be sung, with the section label that stands before it, if one does. */
export interface LyricLine {
  label: string;
  section: string;
  text: string;
}

/** A syllable is the stretch of text from one syllable to the next, blanks and commas included. */
export interface Syllable {
  from: number;
  to: number;
  vowel: Vowel;
}

export function linesOf(lyrics: string): LyricLine[] {
  const lines: LyricLine[] = [];
  let label = '';
  let section = 'verse';
  for (const line of lyrics.split('\n').map(text => text.trim())) {
    if (/^\[.*\]$/.test(line)) {
      label = line;
      section = line.slice(1, -1).toLowerCase();
    } else if (line) {
      lines.push({ label, section, text: line });
      label = '';
    }
  }
  return lines;
}

const hangulFirst = 0xac00;
const hangulVowels = 'aeaeeeeeoaeeouoeiuuui'; // ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ
const kanaRows: Record<Vowel, string> = {
  a: 'あかさたなはまやらわがざだばぱ',
  i: 'いきしちにひみりぎじぢびぴ',
  u: 'うくすつぬふむゆるぐずづぶぷんっ',
  e: 'えけせてねへめれげぜでべぺ',
  o: 'おこそとのほもよろをごぞどぼぽ',
};
const smallKana = /[ぁぃぅぇぉゃゅょァィゥェォャュョー]/;
const vowels: Vowel[] = ['a', 'o', 'i', 'u', 'e'];
const sign = '[\\p{sc=Hangul}\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}]';
const singable = new RegExp(`${sign}|(?:(?!${sign})[\\p{L}\\p{M}\\p{N}'’])+`, 'gu');
const latinSyllable = /[^aeiouy]*[aeiouy]+(?:[^aeiouy]+$|[^aeiouy](?=[^aeiouy]))?/gi;

/** The syllables of a line; words without any (numbers, signs) count as one. */
export function syllablesOf(text: string): Syllable[] {
  const starts: { from: number; vowel: Vowel }[] = [];
  for (const word of text.matchAll(/\S+/g)) {
    const found = [...word[0].matchAll(singable)];
    const pieces = found.flatMap(piece =>
      startsIn(piece[0]).map(start => ({ ...start, from: start.from + piece.index })),
    );
    const ofWord = pieces.length > 0 ? pieces : [{ from: 0, vowel: 'a' as const }];
    starts.push(...ofWord.map((start, index) => ({ ...start, from: word.index + (index === 0 ? 0 : start.from) })));
  }
  return starts.map((start, index) => ({ ...start, to: starts[index + 1]?.from ?? text.length }));
}

function startsIn(piece: string): { from: number; vowel: Vowel }[] {
  if (smallKana.test(piece)) return [];
  const code = piece.codePointAt(0)!;
  if (code >= hangulFirst && code <= 0xd7a3) {
    return [{ from: 0, vowel: hangulVowels[Math.floor((code - hangulFirst) / 28) % 21] as Vowel }];
  }
  if (/^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(piece)) return [{ from: 0, vowel: vowelOfSign(piece, code) }];
  const spelled = [...piece.replace(/([^aeiou])e$/i, '$1').matchAll(latinSyllable)];
  if (spelled.length === 0) return [{ from: 0, vowel: 'a' }];
  return spelled.map(({ 0: letters, index }) => ({
    from: index,
    vowel: (/[aeiou]/i.exec(letters)?.[0].toLowerCase() ?? 'i') as Vowel,
  }));
}

function vowelOfSign(sign: string, code: number): Vowel {
  const hiragana = code >= 0x30a1 && code <= 0x30f6 ? String.fromCodePoint(code - 0x60) : sign;
  return vowels.find(vowel => kanaRows[vowel].includes(hiragana)) ?? vowels[code % vowels.length]!;
}
