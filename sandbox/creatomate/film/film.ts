import ffmpeg from '@ffmpeg-installer/ffmpeg';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { work } from '../../stand-in/bench.ts';
import { stringOr, type Json } from '../../stand-in/call.ts';
import { assetsOf } from '../render-script.ts';
import { fetchAll } from './fetch.ts';
import { seconds } from './lengths.ts';
import { Painter } from './painter.ts';
import { mix, soundsIn } from './sound.ts';
import { lengthOf, timeline, type Timed } from './timeline.ts';

export interface FilmOrder {
  script: Json;
  width: number;
  height: number;
  frameRate: number;
}

await work<FilmOrder>(film);

/** The film, with its snapshot before it: four bytes say how long that is. */
async function film({ script, width, height, frameRate }: FilmOrder, folder: string): Promise<Buffer> {
  const files = await fetchAll(assetsOf(script));
  const scene = timeline(script);
  const painter = new Painter(scene, { width, height }, files, stringOr(script.fill_color, '#000000'));
  const duration = lengthOf(script);
  const count = Math.max(1, Math.round(duration * frameRate));
  const snapshotAt = Math.min(count - 1, Math.round((seconds(script.snapshot_time) ?? duration / 2) * frameRate));
  const target = join(folder, 'film.mp4');
  const encoder = await encoding(scene, files, { width, height, frameRate, duration, folder, target });
  let snapshot: Buffer = Buffer.alloc(0);
  for (let frame = 0; frame < count; frame += 1) {
    const canvas = await painter.paint(frame / frameRate);
    if (frame === snapshotAt) snapshot = await canvas.encode('jpeg', 88);
    await encoder.write(canvas.data());
  }
  await encoder.end();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(snapshot.length);
  return Buffer.concat([length, snapshot, await readFile(target)]);
}

interface Encoding {
  width: number;
  height: number;
  frameRate: number;
  duration: number;
  folder: string;
  target: string;
}

async function encoding(scene: Timed[], files: Map<string, Buffer>, wish: Encoding) {
  const sounds = await Promise.all(
    soundsIn(scene).map(async (timed, index) => {
      const file = join(wish.folder, `sound-${index}`);
      await writeFile(file, files.get(stringOr(timed.element.source))!);
      return { timed, file };
    }),
  );
  const sound = mix(sounds, 1);
  const frames = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgba',
    '-s',
    `${wish.width}x${wish.height}`,
    '-r',
    `${wish.frameRate}`,
    '-i',
    '-',
  ];
  const filter = `[0:v]scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[picture];${sound.filter}`;
  const h264 = '-c:v libx264 -preset veryfast -crf 21 -profile:v high -threads 2'.split(' ');
  const colours = '-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv'.split(' ');
  const aac = '-c:a aac -b:a 160k -ar 44100 -ac 2'.split(' ');
  const args = [
    '-v',
    'error',
    '-y',
    ...frames,
    ...sound.inputs,
    '-filter_complex',
    filter,
    '-map',
    '[picture]',
    '-map',
    sound.output,
  ];
  const output = [...h264, ...colours, ...aac, '-t', `${wish.duration}`, '-movflags', '+faststart', wish.target];
  const encoder = spawn(ffmpeg.path, [...args, ...output], { stdio: ['pipe', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  encoder.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  encoder.stdin.on('error', () => undefined);
  const closed = once(encoder, 'close') as Promise<[number]>;
  const drained = async () => {
    await Promise.race([once(encoder.stdin, 'drain'), closed]);
  };
  return {
    /** Waits until the frame has been taken: the canvas is drawn over next. */
    write: async (frame: Buffer) => {
      if (!encoder.stdin.write(frame)) await drained();
    },
    end: async () => {
      encoder.stdin.end();
      const [code] = await closed;
      if (code !== 0) throw new Error(`The film could not be encoded: ${Buffer.concat(said).toString().trim()}`);
    },
  };
}
