import type { Vowel } from './lyrics.ts';
import { at, hertz, rate, turn, wavetable, type Track } from './wave.ts';

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
