/**
 * Makes the media the stand-ins serve, a melody of sine waves and a slide show of the example photos.
 * Run once, after a change: `node sandbox/stand-in/make-fixtures.ts`. The results are committed.
 */
import ffmpeg from '@ffmpeg-installer/ffmpeg';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const make = (args: string[], input?: Buffer) => {
  execFileSync(ffmpeg.path, ['-loglevel', 'error', '-y', ...args], { input, stdio: ['pipe', 'inherit', 'inherit'] });
};

/** Sixteen seconds: four broken chords, each note a bell that fades. One frame is 72 bytes and 36 ms (suno/loop.ts). */
function makeLoop() {
  const rate = 16_000;
  const chords = [
    [48, 60, 64, 67],
    [43, 59, 62, 67],
    [45, 60, 64, 69],
    [41, 57, 60, 65],
  ];
  const samples = new Float64Array(rate * 16);
  const strike = (note: number, at: number, loudness: number) => {
    const step = (2 * Math.PI * 440 * 2 ** ((note - 69) / 12)) / rate;
    for (let i = 0; i < rate * 2; i += 1) {
      const index = (Math.floor(at * rate) + i) % samples.length;
      const tone = Math.sin(step * i) + 0.3 * Math.sin(2 * step * i);
      samples[index] = (samples[index] ?? 0) + loudness * tone * Math.exp((-2.2 * i) / rate);
    }
  };
  chords.forEach((chord, bar) => {
    strike(chord[0]!, bar * 4, 0.3);
    for (let beat = 0; beat < 8; beat += 1)
      strike(chord[1 + (beat % 3)]! + (beat === 5 ? 12 : 0), bar * 4 + beat / 2, 0.2);
  });
  const pcm = Buffer.from(Int16Array.from(samples, value => Math.max(-1, Math.min(1, value)) * 32_000).buffer);
  const encoder = ['-c:a', 'libmp3lame', '-b:a', '16k', '-reservoir', '0', '-write_xing', '0', '-id3v2_version', '0'];
  make(['-f', 's16le', '-ar', `${rate}`, '-ac', '1', '-i', '-', ...encoder, here('../suno/fixtures/loop.mp3')], pcm);
}

function makeCover() {
  const photo = here('../../examples/photos/01.jpg');
  make(['-i', photo, '-vf', 'crop=ih:ih,scale=320:320', '-q:v', '6', here('../suno/fixtures/cover.jpg')]);
}

/** A slide show of the five photos, one second each, with the melody. */
function makeFilm(name: string, width: number, height: number) {
  const fill = `scale=${width}:${height}:force_original_aspect_ratio=increase,crop=${width}:${height},setsar=1`;
  const video = ['-framerate', '1', '-i', `${here('../../examples/photos/')}%02d.jpg`];
  const audio = ['-i', here('../suno/fixtures/loop.mp3')];
  const h264 = ['-c:v', 'libx264', '-preset', 'veryslow', '-crf', '36', '-pix_fmt', 'yuv420p'];
  const aac = ['-c:a', 'aac', '-b:a', '16k', '-ac', '1'];
  const film = here(`../creatomate/fixtures/${name}.mp4`);
  make([...video, ...audio, '-vf', `${fill},fps=10`, ...h264, ...aac, '-t', '5', '-movflags', '+faststart', film]);
  make(['-ss', '2', '-i', film, '-frames:v', '1', '-q:v', '5', here(`../creatomate/fixtures/${name}.jpg`)]);
}

makeLoop();
makeCover();
makeFilm('portrait', 180, 320);
makeFilm('landscape', 320, 180);
makeFilm('square', 240, 240);
