import { random } from './random.ts';
import { rate, turn, type Track } from './wave.ts';

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
