import { numberFrom } from '../stand-in/ids.ts';
import { linesOf, syllablesOf, type LyricLine, type Vowel } from './lyrics.ts';
import { pick, random } from './random.ts';
import { styleOf, type Style } from './styles.ts';

/** What decides how a song sounds: the same words give the same song. */
export interface Words {
  lyrics: string;
  style: string;
  title: string;
  seconds: number;
  take: number;
}

/** A sung syllable: when, how high, and which stretch of its line it is. */
export interface SungNote {
  start: number;
  end: number;
  pitch: number;
  vowel: Vowel;
  from: number;
  to: number;
}

export interface SungLine extends LyricLine {
  notes: SungNote[];
}

export interface Bar {
  start: number;
  section: string;
  /** Pitches of the chord, root first, in the octave below middle C. */
  chord: number[];
}

export interface Score {
  style: Style;
  /** Semitones of the tonic above C. */
  key: number;
  seconds: number;
  barSeconds: number;
  bars: Bar[];
  lines: SungLine[];
  seed: number;
}

const stepsPerBar = 16;
const lowestLead = 60;
const breath = 0.125;

export function write({ lyrics, style: wish, title, seconds, take }: Words): Score {
  const seed = numberFrom(JSON.stringify([lyrics, wish, title, seconds, take]));
  const next = random(seed);
  const style = styleOf(wish);
  const lines = linesOf(lyrics);
  const { bars: count, intro, perLine } = layout(seconds, lines.length, style.tempo);
  const key = pick(style.keys, next);
  const barSeconds = seconds / count;
  const progression = pick(style.progressions, next);
  const sections = Array.from({ length: count }, (_, bar) => sectionAt(lines, (bar - intro) / perLine));
  const bars = sections.map((section, bar) => ({
    start: bar * barSeconds,
    section,
    chord: chordOf(style, key, bar === count - 1 ? 0 : progression[(bar - (intro % 4) + 4) % 4]!),
  }));
  const score: Score = { style, key, seconds, barSeconds, bars, lines: [], seed };
  const voice = new Voice(score, key, next);
  score.lines = lines.map((line, index) => ({
    ...line,
    notes: voice.sing(line, index, intro + index * perLine, perLine),
  }));
  return score;
}

/** Seconds of a place counted in sixteenths from the beginning; the off-beats come late where the music swings. */
export function timeOf({ barSeconds, style, seconds }: Score, step: number): number {
  const late = step % 4 === 2 ? style.swing * 2 : step % 4 === 1 || step % 4 === 3 ? style.swing : 0;
  return Math.min(seconds, ((step + late) * barSeconds) / stepsPerBar);
}

/** Whole bars that fill the time exactly, every line beginning on a beat, at a tempo near the style's own. */
function layout(seconds: number, lines: number, tempo: number) {
  const candidates = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 4].flatMap(perLine =>
    [1, 2, 3, 4].flatMap(intro =>
      [1, 2].map(outro => {
        const bars = Math.ceil(lines * perLine) + intro + outro;
        const barSeconds = seconds / bars;
        const wait = Math.abs(Math.log((intro * barSeconds) / 2.6)) * 0.6;
        const rest = Math.abs(Math.log((outro * barSeconds) / 3)) * 0.4;
        const crooked = Number.isInteger(Math.log2(perLine)) ? 0 : 0.1;
        return { bars, intro, perLine, cost: Math.abs(Math.log(240 / barSeconds / tempo)) + wait + rest + crooked };
      }),
    ),
  );
  if (lines === 0) return { bars: Math.max(2, Math.round((seconds * tempo) / 240)), intro: 0, perLine: 1 };
  return candidates.reduce((best, candidate) => (candidate.cost < best.cost ? candidate : best));
}

function sectionAt(lines: LyricLine[], index: number): string {
  if (lines.length === 0) return 'verse';
  if (index < 0) return 'intro';
  return lines[Math.floor(index)]?.section ?? 'outro';
}

function chordOf({ scale, sevenths, name }: Style, key: number, root: number): number[] {
  const at = (degree: number) => scale[degree % scale.length]! + 12 * Math.floor(degree / scale.length);
  const chord = (sevenths ? [0, 2, 4, 6] : [0, 2, 4]).map(third => 48 + (key > 6 ? key - 12 : key) + at(root + third));
  if (name === 'trot' && root === 4) chord[1]! += 1; // the leading note makes minor sound like trot
  return chord;
}

const shapes = [
  (x: number) => 4 * Math.sin(Math.PI * x),
  (x: number) => 3 - 4 * x,
  (x: number) => 4 * x - 1,
  (x: number) => 2.5 * Math.sin(2 * Math.PI * x) + 1,
  (x: number) => 3 * Math.cos(1.5 * Math.PI * x),
];
const phraseOf = [0, 1, 0, 2];

/** Invents the tune: sections of one kind repeat their phrases, the chorus lies higher, phrases end on the chord. */
class Voice {
  readonly #score: Score;
  readonly #pitches: number[];
  readonly #seed: number;
  #last = 4;

  constructor(score: Score, key: number, next: () => number) {
    this.#score = score;
    const { scale } = score.style;
    const tonic = lowestLead + (key > 6 ? key - 12 : key);
    this.#pitches = Array.from(
      { length: 15 },
      (_, degree) => tonic + scale[degree % scale.length]! + 12 * Math.floor(degree / scale.length),
    );
    this.#seed = Math.floor(next() * 2 ** 31);
  }

  sing(line: LyricLine, index: number, bar: number, bars: number): SungNote[] {
    const syllables = syllablesOf(line.text);
    const start = bar * stepsPerBar;
    const length = bars * stepsPerBar;
    const places = rhythm(syllables.length, length);
    const phrase = random(this.#seed + (/chorus|hook|후렴/.test(line.section) ? 100 : 0) + phraseOf[index % 4]! * 7);
    const shape = pick(shapes, phrase);
    const centre = /chorus|hook|후렴/.test(line.section) ? 5 : 2;
    return syllables.map((syllable, k) => {
      const from = start + places[k]!;
      const to = start + (places[k + 1] ?? Math.max(places[k]! + 0.5, length * (1 - breath)));
      const isLast = k === syllables.length - 1;
      const wished = centre + shape(places[k]! / length) + Math.round(phrase() * 2 - 1);
      const degree = this.#near(wished, this.#chordAt(from), isLast || places[k]! % 4 === 0);
      this.#last = degree;
      return {
        ...syllable,
        start: timeOf(this.#score, from),
        end: timeOf(this.#score, to),
        pitch: this.#pitches[degree]!,
      };
    });
  }

  #chordAt(step: number): number[] {
    const bars = this.#score.bars;
    return bars[Math.min(bars.length - 1, Math.floor(step / stepsPerBar))]!.chord;
  }

  /** The singable degree next to the wished one: of the chord where it is stressed, never a wild leap. */
  #near(wished: number, chord: number[], isStressed: boolean): number {
    const tones = new Set(chord.map(pitch => pitch % 12));
    const cost = (pitch: number, degree: number) =>
      Math.abs(degree - wished) +
      Math.max(0, Math.abs(degree - this.#last) - 3) * 2 +
      (isStressed && !tones.has(pitch % 12) ? 4 : 0);
    const costs = this.#pitches.map(cost);
    return costs.indexOf(Math.min(...costs));
  }
}

/** Steps on which syllables begin, spread as evenly as the grid allows, with room to breathe at the end. */
function rhythm(count: number, length: number): number[] {
  const room = length * (1 - breath);
  const grid = count <= room / 2 ? 2 : count <= room ? 1 : 0;
  return Array.from({ length: count }, (_, k) => {
    const place = (k * room) / count;
    return grid === 0 ? place : Math.round(place / grid) * grid;
  });
}
