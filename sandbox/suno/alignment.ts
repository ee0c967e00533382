import type { Call } from '../stand-in/call.ts';
import { faultOf } from '../stand-in/call.ts';

interface AlignedWord {
  word: string;
  success: boolean;
  startS: number;
  endS: number;
  palign: number;
}

const intro = 0.04;
const outro = 0.04;
const sungPart = 0.88;
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** When each word of the lyrics is sung: lines share the song by their length, labels and line breaks stay inside the words. */
export function alignedWords(call: Call, lyrics: string, duration: number): AlignedWord[] {
  if (faultOf(call, 'aligned-missing')) return [];
  const lines = linesOf(lyrics);
  const total = lines.reduce((sum, line) => sum + line.text.length, 0);
  const perLetter = (duration * (1 - intro - outro)) / Math.max(1, total);
  let at = duration * intro;
  return lines.flatMap(({ label, text }) => {
    const words = sung(wordsOf(text, faultOf(call, 'aligned-syllables') !== undefined), at, perLetter * text.length);
    at += perLetter * text.length;
    const [first] = words;
    if (first && label) first.word = `${label}\n${first.word}`;
    return faultOf(call, 'aligned-unsure') ? words.map((word, index) => ({ ...word, success: index > 0 })) : words;
  });
}

function linesOf(lyrics: string): { label: string; text: string }[] {
  const lines: { label: string; text: string }[] = [];
  let label = '';
  for (const line of lyrics.split('\n').map(text => text.trim())) {
    if (/^\[.*\]$/.test(line)) label = line;
    else if (line) {
      lines.push({ label, text: line });
      label = '';
    }
  }
  return lines;
}

function wordsOf(text: string, isSplit: boolean): string[] {
  const words = text.split(/\s+/).flatMap(word => {
    const letters = isSplit || unspaced.test(word) ? [...word] : [word];
    return letters.map((letter, index) => (index === letters.length - 1 ? `${letter} ` : letter));
  });
  return [...words.slice(0, -1), `${(words.at(-1) ?? '').trimEnd()}\n`];
}

function sung(words: string[], start: number, seconds: number): AlignedWord[] {
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  const perLetter = (seconds * sungPart) / letters;
  let at = start;
  return words.map(word => {
    const startS = rounded(at);
    at += perLetter * word.length;
    return { word, success: true, startS, endS: rounded(at), palign: 0 };
  });
}

const rounded = (seconds: number) => Math.round(seconds * 100_000) / 100_000;
