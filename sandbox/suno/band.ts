import ffmpeg from '@ffmpeg-installer/ffmpeg';
import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { work } from '../stand-in/bench.ts';
import type { Stereo } from './mix.ts';
import { perform } from './perform.ts';
import { write, type Words } from './score.ts';
import { rate } from './synth.ts';

await work<Words>(words => mp3(perform(write(words))));

function mp3(stereo: Stereo): Promise<Buffer> {
  const input = ['-f', 's16le', '-ar', `${rate}`, '-ac', '2', '-i', '-'];
  const output = [
    '-c:a',
    'libmp3lame',
    '-b:a',
    '192k',
    '-id3v2_version',
    '0',
    '-map_metadata',
    '-1',
    '-fflags',
    '+bitexact',
  ];
  const encoder = spawn(ffmpeg.path, ['-loglevel', 'error', ...input, ...output, '-f', 'mp3', '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  encoder.stdin.end(interleaved(stereo));
  return buffer(encoder.stdout);
}

function interleaved({ left, right }: Stereo): Buffer {
  const samples = new Int16Array(left.length * 2);
  for (let i = 0; i < left.length; i += 1) {
    samples[2 * i] = Math.round(left[i]! * 32_767);
    samples[2 * i + 1] = Math.round(right[i]! * 32_767);
  }
  return Buffer.from(samples.buffer);
}
