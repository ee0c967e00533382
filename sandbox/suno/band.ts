import ffmpeg from '@ffmpeg-installer/ffmpeg';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { work } from '../stand-in/bench.ts';
import type { Stereo } from './mix.ts';
import { perform } from './perform.ts';
import { write, type Words } from './score.ts';
import { rate } from './wave.ts';

const input = ['-f', 's16le', '-ar', `${rate}`, '-ac', '2', '-i', '-'];
const output = '-c:a libmp3lame -b:a 192k -id3v2_version 0 -map_metadata -1 -fflags +bitexact'.split(' ');

await work<Words>((words, folder) => mp3(perform(write(words)), join(folder, 'song.mp3')));

/** By way of a file: the exact length goes into its first frame once the last is known. */
async function mp3(stereo: Stereo, file: string): Promise<Buffer> {
  const args = ['-v', 'error', ...input, ...output, file];
  const encoder = spawn(ffmpeg.path, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  encoder.stdin.end(interleaved(stereo));
  const [code] = (await once(encoder, 'close')) as [number];
  if (code !== 0) throw new Error('The song could not be encoded.');
  return readFile(file);
}

function interleaved({ left, right }: Stereo): Buffer {
  const samples = new Int16Array(left.length * 2);
  for (let i = 0; i < left.length; i += 1) {
    samples[2 * i] = Math.round(left[i]! * 32_767);
    samples[2 * i + 1] = Math.round(right[i]! * 32_767);
  }
  return Buffer.from(samples.buffer);
}
