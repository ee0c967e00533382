export const rate = 44_100;
export const turn = 2 * Math.PI;
export const hertz = (pitch: number): number => 440 * 2 ** ((pitch - 69) / 12);

const tableSize = 2048;

/** One period of a tone whose n-th harmonic is as loud as `loudness(n)`, at the same power for every tone. */
export function wavetable(harmonics: number, loudness: (n: number) => number): Float32Array {
  const table = new Float32Array(tableSize + 1);
  for (let n = 1; n <= harmonics; n += 1) {
    const level = loudness(n);
    if (level < 0.0005) continue;
    for (let i = 0; i <= tableSize; i += 1) table[i]! += level * Math.sin((turn * n * i) / tableSize + n * n * 0.7);
  }
  const power = Math.sqrt(table.reduce((sum, value) => sum + value * value, 0) / tableSize) || 1;
  return table.map(value => (value * 0.5) / power);
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

/** The value of a table at a phase from 0 to 1. */
export function at(table: Float32Array, phase: number): number {
  const place = phase * tableSize;
  const index = Math.floor(place);
  return table[index]! + (table[index + 1]! - table[index]!) * (place - index);
}
