import ffmpeg from '@ffmpeg-installer/ffmpeg';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { studio } from '../studio.ts';

const slow = 60_000;
const run = (args: string[], input?: Buffer) =>
  spawnSync(ffmpeg.path, ['-hide_banner', ...args], { input, maxBuffer: 2 ** 28 });

/** Mean loudness of each tenth of a second. */
function loudness(mp4: Buffer): number[] {
  const { stdout } = run(['-i', '-', '-f', 's16le', '-ac', '1', '-ar', '8000', '-'], mp4);
  const samples = new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length >> 1);
  return Array.from({ length: Math.floor(samples.length / 800) }, (_, tenth) => {
    const part = samples.subarray(tenth * 800, (tenth + 1) * 800);
    return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length) / 32_768;
  });
}

describe('a film', () => {
  const files: Record<string, Buffer> = {
    '/photo.png': createCanvas(40, 40).toBuffer('image/png'),
    '/tone.wav': run(['-f', 'lavfi', '-i', 'sine=frequency=440:duration=4', '-f', 'wav', '-']).stdout,
  };
  const server = createServer((request, response) => {
    const file = files[request.url ?? ''];
    response.writeHead(file ? 200 : 404).end(file);
  });
  const films = studio('real', undefined);
  let origin: string;
  beforeAll(async () => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    films.clear();
    server.closeAllConnections();
    server.close();
  });

  const order = (elements: object[], duration = 2) => ({
    script: { duration, elements },
    width: 64,
    height: 48,
    frameRate: 10,
  });
  const song = (more: object = {}) => ({ type: 'audio', source: `${origin}/tone.wav`, time: 0, ...more });

  it(
    'is H.264 and AAC in the right size and length, and begins with its index',
    async () => {
      const { mp4, jpg } = await films.film(order([{ type: 'image', source: `${origin}/photo.png` }, song()]));
      const about = run(['-i', '-'], mp4).stderr.toString();
      expect(about).toMatch(/Video: h264 \(High\).*yuv420p\(tv, bt709\).*64x48.*10 fps/);
      expect(about).toMatch(/Audio: aac .*44100 Hz, stereo/);
      expect(about).toMatch(/Duration: 00:00:02\.0/);
      expect(mp4.indexOf('moov')).toBeLessThan(mp4.indexOf('mdat'));
      expect(jpg.readUInt16BE(0)).toBe(0xffd8);
    },
    slow,
  );

  it(
    'plays a sound from where it is trimmed, at its time, faded',
    async () => {
      const { mp4 } = await films.film(order([song({ time: 0.5, duration: 1, trim_start: 1, audio_fade_out: 0.5 })]));
      const tenths = loudness(mp4);
      expect(Math.max(...tenths.slice(0, 4), ...tenths.slice(16))).toBeLessThan(0.005);
      expect(tenths[7]!).toBeGreaterThan(0.05);
      expect(tenths[13]!).toBeLessThan(tenths[7]! * 0.6);
    },
    slow,
  );

  it(
    'is silent but complete without a sound',
    async () => {
      const { mp4 } = await films.film(order([], 1));
      expect(run(['-i', '-'], mp4).stderr.toString()).toMatch(/Duration: 00:00:01\.0/);
      expect(Math.max(...loudness(mp4))).toBeLessThan(0.001);
    },
    slow,
  );

  it(
    'fails in the words of the renderer when a file cannot be had or used',
    async () => {
      const image = (path: string) => films.film(order([{ type: 'image', source: `${origin}${path}` }]));
      await expect(image('/none.png')).rejects.toThrow(/Unable to fetch asset: .*HTTP 404/);
      files['/photo.heic'] = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1', 'latin1');
      await expect(image('/photo.heic')).rejects.toThrow(/not a valid image.*HEIC/);
    },
    slow,
  );

  it(
    'can be given up',
    async () => {
      const [first, second] = [films.film(order([], 600)), films.film(order([], 600))];
      films.clear();
      await expect(first).rejects.toThrow();
      await expect(second).rejects.toThrow(/cancelled/);
    },
    slow,
  );
});
