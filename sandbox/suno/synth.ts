import { random } from './random.ts';
import type { Vowel } from './lyrics.ts';
import type { Instrument } from './styles.ts';

export const rate = 44_100;
export const hertz = (pitch: number): number => 440 * 2 ** ((pitch - 69) / 12);

const tableSize = 2048;
const turn = 2 * Math.PI;

/** One period of a tone whose n-th harmonic is as loud as `loudness(n)`, at the same power for every tone. */
function wavetable(harmonics: number, loudness: (n: number) => number): Float32Array {
  const table = new Float32Array(tableSize + 1);
  for (let n = 1; n <= harmonics; n += 1) {
    const level = loudness(n);
    if (level < 0.0005) continue;
    for (let i = 0; i <= tableSize; i += 1) table[i]! += level * Math.sin((turn * n * i) / tableSize + n * n * 0.7);
  }
  const power = Math.sqrt(table.reduce((sum, value) => sum + value * value, 0) / tableSize) || 1;
  return table.map(value => (value * 0.5) / power);
}

const formants: Record<Vowel, [hertz: number, level: number][]> = {
  a: [
    [750, 1],
    [1250, 0.55],
    [2700, 0.18],
    [3500, 0.1],
  ],
  e: [
    [480, 1],
    [1900, 0.4],
    [2550, 0.22],
    [3500, 0.1],
  ],
  i: [
    [310, 1],
    [2200, 0.32],
    [2950, 0.24],
    [3600, 0.12],
  ],
  o: [
    [460, 1],
    [850, 0.5],
    [2500, 0.1],
    [3400, 0.06],
  ],
  u: [
    [340, 1],
    [750, 0.35],
    [2300, 0.06],
    [3300, 0.04],
  ],
};

const voices = new Map<string, Float32Array>();

/** The tone of a throat singing this vowel at this pitch. */
function voiceTable(vowel: Vowel, pitch: number): Float32Array {
  const key = `${vowel}${Math.round(pitch)}`;
  const known = voices.get(key);
  if (known) return known;
  const f0 = hertz(Math.round(pitch));
  const table = wavetable(Math.floor(7500 / f0), n => {
    const f = n * f0;
    const mouth = formants[vowel].reduce(
      (sum, [at, level]) => sum + level * Math.exp(-(((f - at) / (90 + at * 0.09)) ** 2)),
      0,
    );
    return (mouth + 0.025) / n ** 0.55;
  });
  voices.set(key, table);
  return table;
}

/** A mono recording to write into, from sample 0. */
export class Track {
  readonly samples: Float32Array;

  constructor(seconds: number) {
    this.samples = new Float32Array(Math.ceil(seconds * rate));
  }

  add(start: number, seconds: number, sample: (i: number) => number) {
    const first = Math.round(start * rate);
    const count = Math.min(Math.round(seconds * rate), this.samples.length - first);
    for (let i = 0; i < count; i += 1) this.samples[first + i]! += sample(i);
  }
}

interface Sung {
  start: number;
  end: number;
  pitch: number;
  vowel: Vowel;
}

const glideSeconds = 0.045;

/** A voice on one line: it slides from note to note, and trembles where it stays. */
export function singInto(
  track: Track,
  notes: Sung[],
  { vibrato, cents, level }: { vibrato: number; cents: number; level: number },
) {
  let phase = 0;
  notes.forEach((note, index) => {
    const before = notes[index - 1];
    const isJoined = before !== undefined && note.start - before.end < 0.02;
    const from = isJoined ? before.pitch : note.pitch - 0.6;
    const table = voiceTable(note.vowel, note.pitch);
    const seconds = note.end - note.start;
    const release = Math.min(0.09, seconds / 3);
    track.add(note.start, seconds, i => {
      const t = i / rate;
      const slide = t < glideSeconds ? (1 - t / glideSeconds) ** 2 : 0;
      const tremble = Math.min(1, Math.max(0, (t - 0.18) / 0.3)) * vibrato * 0.16 * Math.sin(turn * 5.4 * t);
      const pitch = note.pitch + (from - note.pitch) * slide + tremble + cents / 100;
      phase = (phase + hertz(pitch) / rate) % 1;
      const attack = Math.min(1, t / 0.028);
      const end = Math.min(1, (seconds - t) / release);
      return level * attack * Math.max(0, end) * (0.86 + 0.14 * Math.exp(-t * 6)) * at(table, phase);
    });
  });
}

function at(table: Float32Array, phase: number): number {
  const place = phase * tableSize;
  const index = Math.floor(place);
  return table[index]! + (table[index + 1]! - table[index]!) * (place - index);
}

const strings = new Map<number, Float32Array>();

/** A plucked string: noise that runs round a loop and loses its edge (Karplus and Strong). */
function string(pitch: number): Float32Array {
  const known = strings.get(pitch);
  if (known) return known;
  const next = random(pitch);
  const period = rate / hertz(pitch);
  const size = Math.floor(period);
  const loop = Float32Array.from({ length: size }, () => next() * 2 - 1);
  for (let pass = 0; pass < 3; pass += 1)
    for (let i = 0; i < size; i += 1) loop[i] = (loop[i]! + loop[(i + 1) % size]!) / 2;
  const sound = new Float32Array(rate * 2);
  const stretch = size / period;
  let last = 0;
  for (let i = 0, place = 0; i < sound.length; i += 1, place += stretch) {
    const index = Math.floor(place) % size;
    const value = loop[index]!;
    sound[i] = value * 0.9;
    if (Math.floor(place) !== Math.floor(place - stretch)) {
      loop[index] = 0.498 * (value + last);
      last = value;
    }
  }
  strings.set(pitch, sound);
  return sound;
}

const reeds = wavetable(24, n => (n % 2 === 1 ? 1 : 0.45) / n ** 0.8);
const soft = wavetable(6, n => [0, 1, 0.35, 0.12, 0.06, 0.03, 0.02][n]!);
const saw = wavetable(14, n => 1 / n ** 1.25);
const round = wavetable(4, n => [0, 1, 0.42, 0.16, 0.05][n]!);

type Sound = (pitch: number, t: number, seconds: number) => number;

const turning = (table: Float32Array, f: number, t: number) => at(table, (f * t) % 1);
const release = (t: number, seconds: number, tail: number) => Math.max(0, Math.min(1, (seconds + tail - t) / tail));
const rise = (t: number, seconds: number) => Math.min(1, t / seconds);

const sounds: Record<Instrument | 'pad' | 'bass' | 'bell', Sound> = {
  guitar: (pitch, t) => (string(pitch)[Math.floor(t * rate)] ?? 0) * 1.5 * Math.exp(-t * 1.1),
  piano: (pitch, t, seconds) =>
    (turning(soft, hertz(pitch), t) * Math.exp(-t * 1.6) +
      0.4 * turning(saw, hertz(pitch) * 1.0008, t) * Math.exp(-t * 5)) *
    rise(t, 0.004) *
    release(t, seconds, 0.25),
  rhodes: (pitch, t, seconds) =>
    0.7 *
    Math.sin(turn * hertz(pitch) * t + 0.9 * Math.exp(-t * 3) * Math.sin(turn * hertz(pitch) * t)) *
    (1 + 0.15 * Math.sin(turn * 4.6 * t)) *
    Math.exp(-t * 1.4) *
    rise(t, 0.006) *
    release(t, seconds, 0.2),
  reed: (pitch, t, seconds) =>
    0.6 *
    (turning(reeds, hertz(pitch) * 1.003, t) + turning(reeds, hertz(pitch) * 0.997, t)) *
    rise(t, 0.02) *
    release(t, Math.min(seconds, 0.2), 0.06),
  pluck: (pitch, t) => turning(saw, hertz(pitch), t) * Math.exp(-t * 7) * rise(t, 0.003),
  pad: (pitch, t, seconds) =>
    0.5 *
    (turning(saw, hertz(pitch) * 1.004, t) + turning(saw, hertz(pitch) * 0.996, t)) *
    rise(t, 0.25) *
    release(t, seconds, 0.3),
  bass: (pitch, t, seconds) =>
    turning(round, hertz(pitch), t) * (0.75 + 0.25 * Math.exp(-t * 8)) * rise(t, 0.006) * release(t, seconds, 0.05),
  bell: (pitch, t) =>
    Math.sin(turn * hertz(pitch) * t + 1.4 * Math.exp(-t * 9) * Math.sin(turn * 3 * hertz(pitch) * t)) *
    Math.exp(-t * 4.5) *
    rise(t, 0.002),
};

const tails: Record<keyof typeof sounds, number> = {
  guitar: 1.2,
  piano: 0.25,
  rhodes: 0.2,
  reed: 0.06,
  pluck: 0.5,
  pad: 0.3,
  bass: 0.05,
  bell: 0.9,
};

export function playInto(
  track: Track,
  instrument: keyof typeof sounds,
  { start, seconds, pitch, level }: { start: number; seconds: number; pitch: number; level: number },
) {
  const sound = sounds[instrument];
  const length =
    instrument === 'guitar' || instrument === 'bell' || instrument === 'pluck'
      ? tails[instrument]
      : seconds + tails[instrument];
  const fadeFrom = length - 0.02;
  track.add(start, length, i => {
    const t = i / rate;
    return level * sound(pitch, t, seconds) * (t > fadeFrom ? Math.max(0, (length - t) / 0.02) : 1);
  });
}

/** Drums are short and always the same, so each is made once. */
function drum(seconds: number, sample: (t: number, noise: number, edge: number) => number): Float32Array {
  const next = random(7);
  let last = 0;
  return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
    const noise = next() * 2 - 1;
    const edge = noise - last;
    last = noise;
    return sample(i / rate, noise, edge);
  });
}

export const drums = {
  kick: drum(
    0.35,
    t => Math.sin(turn * (48 * t + 4.2 * (1 - Math.exp(-t * 32)))) * Math.exp(-t * 9) * Math.min(1, t * 900),
  ),
  snare: drum(
    0.25,
    (t, noise, edge) =>
      (0.35 * noise + 0.3 * edge) * Math.exp(-t * 20) + 0.4 * Math.sin(turn * 190 * t) * Math.exp(-t * 26),
  ),
  hat: drum(0.09, (t, _, edge) => 0.4 * edge * Math.exp(-t * 60)),
  brush: drum(0.22, (t, noise, edge) => (0.1 * noise + 0.25 * edge) * Math.exp(-t * 18) * Math.min(1, t * 120)),
};

export function hitInto(track: Track, kind: keyof typeof drums, start: number, level: number) {
  const sound = drums[kind];
  track.add(start, sound.length / rate, i => level * (sound[i] ?? 0));
}

export function crackleInto(track: Track, level: number, seed: number) {
  const next = random(seed);
  const click = drum(0.004, (t, noise) => noise * Math.exp(-t * 1500));
  const seconds = track.samples.length / rate;
  for (let time = next() * 0.2; time < seconds; time += 0.02 + next() * 0.25) {
    const loudness = level * next() ** 3 * 0.5;
    track.add(time, 0.004, i => loudness * (click[i] ?? 0));
  }
}
