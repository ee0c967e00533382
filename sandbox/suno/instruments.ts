import { random } from './random.ts';
import type { Instrument } from './styles.ts';
import { at, hertz, rate, turn, wavetable, type Track } from './wave.ts';

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
