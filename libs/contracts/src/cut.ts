import { lengthMargin } from './plan.ts';
import type { TimedLine, Track } from './song.ts';

/** The part of a song that its film is made of, from the beginning. Times are seconds. */
export interface Cut {
  durationSeconds: number;
  lines: TimedLine[];
  /** The song goes on: it is faded out over so long. */
  fadeSeconds?: number;
}

/** After the last line of a cut: the song fades out, and the closing card is read. */
const TAIL = 2;

/** Nothing we buy is longer: what says so is no length. */
const LONGEST = 3_600;

/** A line that is to be seen for less is not shown. */
const SHORTEST_CAPTION = 0.1;

/** No less of a long song than this part of what was asked for. */
const SHORTEST = 0.8;

/**
 * The whole song, unless it is longer than was asked for by more than the margin. Then the film ends after the last
 * line that ends early enough; where no line ends near the asked time, exactly then.
 */
export function cutOf({ durationSeconds, lines = [] }: Track, askedSeconds: number): Cut {
  const longest = askedSeconds + lengthMargin(askedSeconds);
  // What cannot be a length is one that nobody knows: the song may be longer than any film.
  const whole = durationSeconds > 0 && durationSeconds <= LONGEST ? durationSeconds : Infinity;
  if (whole <= longest) return { durationSeconds: whole, lines };
  const isFitting = (seconds: number) => seconds >= askedSeconds * SHORTEST && seconds <= longest;
  const ends = lines.map(({ end }) => end).filter(end => isFitting(end + TAIL));
  if (ends.length === 0) return { durationSeconds: askedSeconds, lines, fadeSeconds: TAIL };
  const last = Math.max(...ends);
  return { durationSeconds: last + TAIL, lines: lines.filter(({ end }) => end <= last), fadeSeconds: TAIL };
}

/** The lines that a film shows, each for as long as it is sung, within the film. */
export const shownLines = ({ lines, durationSeconds }: Cut): TimedLine[] =>
  lines
    .filter(({ start }) => start <= durationSeconds - SHORTEST_CAPTION)
    .map(({ text, start, end }) => ({
      text,
      start,
      end: Math.max(Math.min(end, durationSeconds), start + SHORTEST_CAPTION),
    }));
