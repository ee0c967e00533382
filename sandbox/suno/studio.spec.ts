import ffmpeg from '@ffmpeg-installer/ffmpeg';
import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { loudnessOf } from './mix.ts';
import { perform } from './perform.ts';
import { write, type Words } from './score.ts';
import { studio } from './studio.ts';

const words = (changes: Partial<Words> = {}): Words => ({
  lyrics: '[Verse]\n파도 소리\n강릉의 아침\n[Chorus]\n하늘바다\n여기로 와요',
  style: 'pop',
  title: '바다',
  seconds: 10,
  take: 0,
  ...changes,
});

const slow = 120_000;
const run = (args: string[], input: Buffer) =>
  spawnSync(ffmpeg.path, ['-hide_banner', '-nostats', '-i', '-', ...args], { input, maxBuffer: 2 ** 27 });

describe('the studio', () => {
  const studios = [studio('real'), studio('real')] as const;
  afterAll(() => studios.forEach(each => each.clear()));

  it(
    'records a song of the asked length, loud enough and without clipping',
    async () => {
      const mp3 = await studios[0].song(words());
      const measured = run(['-af', 'ebur128=peak=true:framelog=verbose', '-f', 'null', '-'], mp3).stderr.toString();
      const summary = measured.slice(measured.indexOf('Summary'));
      expect(Number(/I:\s+(\S+) LUFS/.exec(summary)?.[1])).toBeCloseTo(-16, 0);
      expect(Number(/Peak:\s+(\S+) dBFS/.exec(summary)?.[1])).toBeLessThan(-1);
      const { stdout } = run(['-f', 's16le', '-ac', '1', '-ar', '44100', '-'], mp3);
      expect(stdout.length / 2 / 44_100).toBeCloseTo(10, 1);
    },
    slow,
  );

  it(
    'gives the same bytes for the same words, and others for the second take',
    async () => {
      const [one, two] = studios;
      const [once, again, other] = await Promise.all([
        one.song(words()),
        two.song(words()),
        one.song(words({ take: 1 })),
      ]);
      expect([once.equals(again), once.equals(other)]).toEqual([true, false]);
    },
    slow,
  );

  it.each(['lo-fi', 'trot'])(
    'plays %s as loud as pop',
    style => {
      const { left, right } = perform(write(words({ style })));
      expect(loudnessOf({ left, right })).toBeCloseTo(-16, 0);
      const loudest = [left, right].map(side => side.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
      expect(Math.max(...loudest)).toBeLessThan(0.8);
    },
    slow,
  );
});
