import { sungText, type TimedLine } from '@castad/contracts';

/** The sung lines of one track, or as a film shows them. */
export interface Captions {
  title: string;
  artist: string;
  lines: TimedLine[];
}

interface Cue {
  text: string;
  /** Milliseconds. */
  start: number;
  end: number;
}

/** SubRip. */
export const subRip = ({ lines }: Pick<Captions, 'lines'>): string =>
  cues(lines)
    .map(({ text, start, end }, i) => `${i + 1}\n${time(start, ',')} --> ${time(end, ',')}\n${plain(text)}\n`)
    .join('\n');

/** WebVTT, whose cues end after they begin. */
export const webVtt = ({ lines }: Pick<Captions, 'lines'>): string =>
  [
    'WEBVTT\n',
    ...cues(lines).map(
      ({ text, start, end }) => `${time(start, '.')} --> ${time(Math.max(end, start + 1), '.')}\n${escaped(text)}\n`,
    ),
  ].join('\n');

/** LRC, as players of music show it. Where nobody sings after a line, an empty one takes it away. */
export function lrc({ title, artist, lines }: Captions): string {
  const sung = cues(lines);
  const timed = sung.flatMap(({ text, start, end }, i) => {
    const next = sung[i + 1]?.start ?? Infinity;
    return [`[${minutes(start)}]${unbracketed(text)}`, ...(next - end >= PAUSE ? [`[${minutes(end)}]`] : [])];
  });
  return [`[ti:${unbracketed(title)}]`, `[ar:${unbracketed(artist)}]`, ...timed, ''].join('\n');
}

const PAUSE = 2_000;

/** One line that is text and nothing else: section labels are not sung. */
const cues = (lines: TimedLine[]): Cue[] =>
  lines
    .map(({ text, start, end }) => ({ text: sungText(oneLine(text)), start: ms(start), end: ms(Math.max(start, end)) }))
    .filter(({ text }) => text !== '');

const ms = (seconds: number): number => Math.round(seconds * 1000);

const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();

const lookalikes: Record<string, string> = { '-->': '→', '<': '‹', '>': '›', '{': '(', '}': ')' };

/** SubRip has no escapes: arrows and tags would be read as commands. */
const plain = (text: string): string => text.replace(/-->|[<>{}]/g, found => lookalikes[found] as string);

const references: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const escaped = (text: string): string => text.replace(/[&<>]/g, found => references[found] as string);

/** What stands in brackets is a command to players. */
const unbracketed = (text: string): string => oneLine(text).replaceAll('[', '(').replaceAll(']', ')');

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

const time = (all: number, point: string): string =>
  `${pad(Math.floor(all / 3_600_000))}:${pad(Math.floor(all / 60_000) % 60)}:${pad(Math.floor(all / 1000) % 60)}` +
  `${point}${pad(all % 1000, 3)}`;

function minutes(all: number): string {
  const hundredths = Math.round(all / 10);
  return `${pad(Math.floor(hundredths / 6_000))}:${pad(Math.floor(hundredths / 100) % 60)}.${pad(hundredths % 100)}`;
}
