import { rate, type Track } from './wave.ts';

export interface Stereo {
  left: Float32Array;
  right: Float32Array;
}

interface Channel {
  track: Track;
  level: number;
  pan: number;
  /** How much of it is heard from the room. */
  send: number;
  lowpass?: number;
}

const targetLoudness = -15.8; // the limiter and the encoder take some of it
const ceiling = 10 ** (-2.2 / 20); // leaves room for what the encoder and the gaps between samples add
const fadeSeconds = 0.9;

/** All channels in one room, as loud as a streaming service wants it, without a peak above the ceiling. */
export function mixed(seconds: number, channels: Channel[]): Stereo {
  const length = Math.round(seconds * rate);
  const mix: Stereo = { left: new Float32Array(length), right: new Float32Array(length) };
  const room = new Float32Array(length);
  for (const { track, level, pan, send, lowpass } of channels) {
    const samples = lowpass && lowpass < rate / 2 ? dulled(track.samples, lowpass) : track.samples;
    const left = level * Math.cos(((pan + 1) * Math.PI) / 4) * Math.SQRT2;
    const right = level * Math.sin(((pan + 1) * Math.PI) / 4) * Math.SQRT2;
    for (let i = 0; i < length; i += 1) {
      mix.left[i]! += samples[i]! * left;
      mix.right[i]! += samples[i]! * right;
      room[i]! += samples[i]! * level * send;
    }
  }
  reverberate(room, mix);
  fadeOut(mix);
  const gain = 10 ** ((targetLoudness - loudnessOf(mix)) / 20);
  for (const side of [mix.left, mix.right]) for (let i = 0; i < length; i += 1) side[i]! *= gain;
  limit(mix);
  return mix;
}

function dulled(samples: Float32Array, hertz: number): Float32Array {
  const keep = Math.exp((-2 * Math.PI * hertz) / rate);
  let once = 0;
  let twice = 0;
  return samples.map(value => {
    once += (1 - keep) * (value - once);
    twice += (1 - keep) * (once - twice);
    return twice;
  });
}

const combs = [1557, 1617, 1491, 1422];
const allpasses = [556, 341];

function reverberate(room: Float32Array, mix: Stereo) {
  for (const [side, spread] of [
    [mix.left, 0],
    [mix.right, 23],
  ] as const) {
    let wet: Float32Array = new Float32Array(room.length);
    for (const delay of combs) addComb(room, wet, delay + spread);
    for (const delay of allpasses) wet = allpass(wet, delay + spread);
    for (let i = 0; i < side.length; i += 1) side[i]! += wet[i]! * 0.35;
  }
}

function addComb(input: Float32Array, output: Float32Array, delay: number) {
  const line = new Float32Array(delay);
  let damped = 0;
  for (let i = 0, at = 0; i < input.length; i += 1) {
    const heard = line[at]!;
    damped += 0.65 * (heard - damped);
    line[at] = input[i]! + damped * 0.8;
    output[i]! += heard;
    at = at + 1 === delay ? 0 : at + 1;
  }
}

function allpass(input: Float32Array, delay: number): Float32Array {
  const line = new Float32Array(delay);
  let at = 0;
  return input.map(value => {
    const heard = line[at]!;
    line[at] = value + heard * 0.5;
    at = at + 1 === delay ? 0 : at + 1;
    return heard - value * 0.5;
  });
}

function fadeOut({ left, right }: Stereo) {
  const length = Math.min(left.length, Math.round(fadeSeconds * rate));
  for (let i = 0; i < length; i += 1) {
    const level = Math.sin((Math.PI / 2) * (i / length)) ** 1.5;
    left[left.length - 1 - i]! *= level;
    right[right.length - 1 - i]! *= level;
  }
}

/** Integrated loudness in LUFS: K-weighted blocks of 400 ms behind the two gates of ITU-R BS.1770. */
export function loudnessOf({ left, right }: Stereo): number {
  const [a, b] = [weighted(left), weighted(right)];
  const block = Math.round(0.4 * rate);
  const blocks: number[] = [];
  for (let from = 0; from + block <= a.length; from += block / 4) {
    let power = 0;
    for (let i = from; i < from + block; i += 1) power += a[i]! * a[i]! + b[i]! * b[i]!;
    blocks.push(power / block);
  }
  const loud = (power: number) => -0.691 + 10 * Math.log10(power);
  const mean = (powers: number[]) => powers.reduce((sum, power) => sum + power, 0) / Math.max(1, powers.length);
  const audible = blocks.filter(power => loud(power) > -70);
  const gate = loud(mean(audible)) - 10;
  return loud(mean(audible.filter(power => loud(power) > gate)));
}

/** The ear's sensitivity: a shelf for the head, then a high-pass (coefficients for 44.1 kHz). */
function weighted(samples: Float32Array): Float32Array {
  const shelf = biquad(
    samples,
    [1.5308412300503478, -2.6509799951547297, 1.169079079921587],
    [-1.6636551132560204, 0.7125954280732254],
  );
  return biquad(shelf, [1, -2, 1], [-1.9891696736297957, 0.9891990357870394]);
}

function biquad(
  samples: Float32Array,
  [b0, b1, b2]: [number, number, number],
  [a1, a2]: [number, number],
): Float32Array {
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  return samples.map(x => {
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    x2 = x1;
    x1 = x;
    y2 = y1;
    return (y1 = y);
  });
}

const lookAhead = Math.round(0.003 * rate);
const recovery = Math.exp(-1 / (0.08 * rate));

/** Turns the music down just before what would be too loud, and back up slowly. */
function limit({ left, right }: Stereo) {
  const wanted = left.map((value, i) => Math.min(1, ceiling / Math.max(1e-9, Math.abs(value), Math.abs(right[i]!))));
  const held = lowestAhead(wanted, lookAhead);
  let gain = 1;
  const smooth = 1 - Math.exp(-4 / lookAhead);
  for (let i = 0; i < left.length; i += 1) {
    const goal = held[i]!;
    gain = goal < gain ? gain + (goal - gain) * smooth : Math.min(goal, 1 - (1 - gain) * recovery);
    const safe = Math.min(gain, wanted[i]!);
    left[i]! *= safe;
    right[i]! *= safe;
  }
}

/** The lowest value of each stretch that begins here. */
function lowestAhead(values: Float32Array, length: number): Float32Array {
  const lowest = new Float32Array(values.length);
  const queue: number[] = [];
  let head = 0;
  for (let i = values.length - 1; i >= 0; i -= 1) {
    while (queue.length > head && values[queue.at(-1)!]! >= values[i]!) queue.pop();
    queue.push(i);
    if (queue[head]! > i + length) head += 1;
    lowest[i] = values[queue[head]!]!;
  }
  return lowest;
}
