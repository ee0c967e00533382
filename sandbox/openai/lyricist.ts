import { isObject, stringOr, type Json } from '../stand-in/call.ts';
import { numberFrom } from '../stand-in/ids.ts';
import { en } from './phrases/en.ts';
import { ja } from './phrases/ja.ts';
import { ko } from './phrases/ko.ts';
import type { Couplet, Phrases } from './phrases/phrases.ts';
import { zh } from './phrases/zh.ts';

interface Section {
  label: string;
  lines: string[];
}

export interface Lyric {
  title: string;
  style: string;
  sections: Section[];
}

const languages: Record<string, Phrases> = { ko, en, ja, zh };
const secondsPerLine = 3;
const fewestLines = 4;
const mostLines = 80;
const linesPerSection = 4;
const calm =
  /잔잔|조용|고요|느린|발라드|로파이|calm|quiet|slow|ballad|lo-?fi|gentle|静|落ち着|バラード|ローファイ|安静|宁静|慢|抒情/i;

/** Lyrics for the brief in the last user message, if it asks for several; the same message always gets the same ones. */
export function writeDrafts(prompt: string): Lyric[] | undefined {
  const { drafts } = briefIn(prompt);
  if (typeof drafts !== 'number') return undefined;
  return Array.from({ length: drafts }, (_, i) => writeLyric(prompt, numberFrom(prompt) + i));
}

/** The same of one lyric. */
export function writeLyric(prompt: string, seed = numberFrom(prompt)): Lyric {
  const brief = briefIn(prompt);
  const phrases = languages[stringOr(brief.language, 'ko').slice(0, 2)] ?? ko;
  const mood = calm.test(`${stringOr(brief.style)} ${stringOr(brief.description)}`) ? 'calm' : 'bright';
  const say = (line: string) => filled(line, stringOr(brief.businessName), stringOr(brief.region));
  return {
    title: say(pick(phrases.titles, seed)),
    style: stringOr(brief.style) || pick(phrases.styles[mood], seed),
    sections: sectionsOf(phrases, brief, mood, seed).map(({ label, lines }) => ({ label, lines: lines.map(say) })),
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
function sectionsOf(phrases: Phrases, brief: Json, mood: 'bright' | 'calm', seed: number): Section[] {
  const verses = endless(verseOf(phrases, stringOr(brief.description), mood, seed));
  const chorus = pick(phrases.chorus, seed);
  const sections: Section[] = [];
  let left = lineCount(brief);
  const sing = (label: string, lines: Iterator<string>, most: number) => {
    const taken = Math.min(most, left);
    if (taken > 0) sections.push({ label, lines: Array.from({ length: taken }, () => lines.next().value as string) });
    left -= taken;
  };
  if (left === linesPerSection) sing('verse', verses, 2);
  for (let round = 1; left > linesPerSection; round += 1) {
    sing('verse', verses, Math.min(linesPerSection, left - 2));
    if (round === 3) sing('bridge', endless(phrases.bridge), linesPerSection);
    if (left > 0) sing('chorus', endless(chorus), linesPerSection);
  }
  sing('outro', endless(turned(phrases.outro, seed)), left);
  return sections;
}

/** The way there, what the description speaks of in its order, and then whatever suits the mood. */
function verseOf(
  { arrival, themes, verse }: Phrases,
  description: string,
  mood: 'bright' | 'calm',
  seed: number,
): Couplet[] {
  const found = themes
    .map(theme => ({ theme, at: description.search(theme.words) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ theme }) => turned(theme.couplets, seed));
  const first = found.map(([couplet]) => couplet!);
  const more = found.flatMap(([, ...others]) => others);
  return [pick(arrival, seed), ...first, ...turned(verse[mood], seed), ...more];
}

function* endless(couplets: readonly Couplet[]): Generator<string, never> {
  const lines = couplets.flat();
  for (let index = 0; ; index = (index + 1) % lines.length) yield lines[index]!;
}

function filled(line: string, name: string, region: string): string {
  return line.replace(/\{(name|region)(?::([^/]+)\/([^}]+))?\}/g, (_, key: string, closed?: string, open?: string) => {
    const word = key === 'name' ? name : region;
    return closed && open ? word + (endsClosed(word, closed) ? closed : open) : word;
  });
}

/** Whether a Korean word ends in a consonant, which its particle follows; 으로 takes ㄹ for a vowel. */
function endsClosed(word: string, particle: string): boolean {
  const last = (word.codePointAt(word.length - 1) ?? 0) - 0xac00;
  const final = last >= 0 && last < 11_172 ? last % 28 : 0;
  return final !== 0 && !(final === 8 && particle === '으로');
}

const pick = <T>(choices: readonly T[], seed: number): T => choices[seed % choices.length]!;
const turned = <T>(choices: readonly T[], seed: number): T[] => {
  const start = seed % choices.length;
  return [...choices.slice(start), ...choices.slice(0, start)];
};
