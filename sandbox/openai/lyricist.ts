import { isObject, stringOr, type Json } from '../stand-in/call.ts';
import { numberFrom } from '../stand-in/ids.ts';
import { phrases, type Phrases } from './phrases.ts';

interface Section {
  label: string;
  lines: string[];
}

export interface Lyric {
  title: string;
  style: string;
  sections: Section[];
}

const secondsPerLine = 3;
const fewestLines = 4;
const mostLines = 80;
const linesPerSection = 4;

/** Lyrics for the brief in the last user message; the same message always gets the same lyrics. */
export function writeLyric(prompt: string): Lyric {
  const brief = briefIn(prompt);
  const seed = numberFrom(prompt);
  const words = phrases[stringOr(brief.language, 'ko').slice(0, 2)] ?? phrases.ko!;
  const say = (line: string) =>
    line.replaceAll('{name}', stringOr(brief.businessName)).replaceAll('{region}', stringOr(brief.region));
  return {
    title: say(pick(words.titles, seed)),
    style: typeof brief.style === 'string' && brief.style !== '' ? brief.style : pick(words.styles, seed),
    sections: sectionsOf(words, lineCount(brief), seed).map(({ label, lines }) => ({ label, lines: lines.map(say) })),
  };
}

function briefIn(prompt: string): Json {
  try {
    const brief: unknown = JSON.parse(prompt);
    return isObject(brief) ? brief : {};
  } catch {
    return {};
  }
}

function lineCount({ durationSeconds }: Json): number {
  const seconds = typeof durationSeconds === 'number' ? durationSeconds : 60;
  return Math.min(mostLines, Math.max(fewestLines, Math.round(seconds / secondsPerLine)));
}

/** Verse and chorus in turn, a bridge in a long song, and whatever is left at the end as outro. */
function sectionsOf(words: Phrases, count: number, seed: number): Section[] {
  const verses = endless(words.verse, seed);
  const sections: Section[] = [];
  let left = count;
  const sing = (label: string, lines: Iterator<string>, most: number) => {
    const taken = Math.min(most, left);
    if (taken > 0) sections.push({ label, lines: Array.from({ length: taken }, () => lines.next().value as string) });
    left -= taken;
  };
  for (let round = 1; left > linesPerSection || round === 1; round += 1) {
    sing('verse', verses, linesPerSection);
    if (round === 3) sing('bridge', endless(words.bridge, 0), linesPerSection);
    if (left > linesPerSection) sing('chorus', endless(words.chorus, 0), linesPerSection);
  }
  sing('outro', endless(words.outro, 0), left);
  return sections;
}

function* endless(lines: string[], start: number): Generator<string, never> {
  for (let index = start % lines.length; ; index = (index + 1) % lines.length) yield lines[index]!;
}

const pick = (choices: string[], seed: number) => choices[seed % choices.length]!;
