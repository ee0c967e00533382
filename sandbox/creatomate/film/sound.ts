import { seconds } from './lengths.ts';
import { fraction } from './lengths.ts';
import type { Timed } from './timeline.ts';

export interface Sound {
  timed: Timed;
  file: string;
}

export const soundsIn = (scene: Timed[]): Timed[] =>
  scene.flatMap(timed => (timed.element.type === 'audio' ? [timed] : soundsIn(timed.children)));

/** Arguments that make ffmpeg mix the sounds; the first of them is its input number `first`. */
export function mix(sounds: Sound[], first: number): { inputs: string[]; filter: string; output: string } {
  const inputs = sounds.flatMap(({ timed, file }) => [
    ...(timed.element.loop === true ? ['-stream_loop', '-1'] : []),
    '-i',
    file,
  ]);
  if (sounds.length === 0) return { inputs: [], filter: 'anullsrc=r=44100:cl=stereo[sound]', output: '[sound]' };
  const parts = sounds.map(({ timed }, index) => `[${first + index}:a]${filters(timed).join(',')}[s${index}]`);
  const heard = sounds.map((_, index) => `[s${index}]`).join('');
  // amix divides by the number of its inputs; what was loud alone should stay so.
  const joined =
    sounds.length > 1
      ? `;${heard}amix=${sounds.length}:dropout_transition=0,volume=${sounds.length}`
      : `;${heard}anull`;
  return { inputs, filter: `${parts.join(';')}${joined},apad[sound]`, output: '[sound]' };
}

function filters({ element, start, end }: Timed): string[] {
  const from = seconds(element.trim_start) ?? 0;
  const length = Math.min(end - start, seconds(element.trim_duration) ?? Infinity);
  const fadeIn = seconds(element.audio_fade_in) ?? 0;
  const fadeOut = seconds(element.audio_fade_out) ?? 0;
  return [
    'aresample=44100,aformat=channel_layouts=stereo',
    `atrim=${from}:${from + length},asetpts=PTS-STARTPTS`,
    `volume=${fraction(element.volume, 1)}`,
    ...(fadeIn > 0 ? [`afade=in:st=0:d=${fadeIn}`] : []),
    ...(fadeOut > 0 ? [`afade=out:st=${Math.max(0, length - fadeOut)}:d=${fadeOut}`] : []),
    ...(start > 0 ? [`adelay=${Math.round(start * 1000)}|${Math.round(start * 1000)}`] : []),
  ];
}
