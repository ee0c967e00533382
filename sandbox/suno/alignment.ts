import type { Call } from '../stand-in/call.ts';
import { faultOf } from '../stand-in/call.ts';
import type { Score, SungLine } from './score.ts';

interface AlignedWord {
  word: string;
  success: boolean;
  startS: number;
  endS: number;
  palign: number;
}

const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** When each word is sung; labels and line breaks stay inside the words. */
export function alignedWords(call: Call, { lines }: Score): AlignedWord[] {
  if (faultOf(call, 'aligned-missing')) return [];
  const isSplit = faultOf(call, 'aligned-syllables') !== undefined;
  return lines.flatMap(line => {
    const words = sung(line, isSplit);
    const [first] = words;
    if (first && line.label) first.word = `${line.label}\n${first.word}`;
    return faultOf(call, 'aligned-unsure') ? words.map((word, index) => ({ ...word, success: index > 0 })) : words;
  });
}

function sung(line: SungLine, isSplit: boolean): AlignedWord[] {
  let place = 0;
  return wordsOf(line.text, isSplit).map(word => {
    const from = line.text.indexOf(word.trim(), place);
    place = from + word.trim().length;
    return { word, success: true, startS: timeAt(line, from), endS: timeAt(line, place), palign: 0 };
  });
}

function wordsOf(text: string, isSplit: boolean): string[] {
  const words = text.split(/\s+/).flatMap(word => {
    const letters = isSplit || unspaced.test(word) ? [...word] : [word];
    return letters.map((letter, index) => (index === letters.length - 1 ? `${letter} ` : letter));
  });
  return [...words.slice(0, -1), `${(words.at(-1) ?? '').trimEnd()}\n`];
}

/** A place in the line's text as a moment: letters of one syllable share its time. */
function timeAt({ text, notes }: SungLine, place: number): number {
  const note = notes.findLast(({ from }) => from < place) ?? notes[0]!;
  const end = note.from + text.slice(note.from, note.to).trimEnd().length;
  const share = Math.min(1, Math.max(0, (place - note.from) / Math.max(1, end - note.from)));
  const next = notes.find(({ from }) => from === place);
  return rounded(next ? next.start : note.start + share * (note.end - note.start));
}

const rounded = (seconds: number) => Math.round(seconds * 100_000) / 100_000;
