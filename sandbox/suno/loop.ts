import { readFileSync } from 'node:fs';

/** A melody of 16 s as MP3 frames of one size that need no neighbour, so it can be cut and repeated anywhere. */
const melody = readFileSync(new URL('./fixtures/loop.mp3', import.meta.url));
const frameBytes = 72;
const frameSeconds = 0.036;
const rememberedSongs = 64;

const songs = new Map<string, Buffer>();

/** The length a song really gets when so many seconds are asked for. */
export const lengthOf = (seconds: number): number => Number((framesIn(seconds) * frameSeconds).toFixed(3));

/** A playable MP3 of that length; the second take begins elsewhere in the melody. */
export function loop({ seconds, take }: { seconds: number; take: number }): Buffer {
  const frames = framesIn(seconds);
  const key = `${frames}:${take}`;
  const known = songs.get(key);
  if (known) return known;
  if (songs.size >= rememberedSongs) songs.clear();
  const song = played(frames, take);
  songs.set(key, song);
  return song;
}

const framesIn = (seconds: number) => Math.round(seconds / frameSeconds);

function played(frames: number, take: number): Buffer {
  const inLoop = melody.length / frameBytes;
  const start = Math.floor((inLoop / 2) * take) * frameBytes;
  const turned = Buffer.concat([melody.subarray(start), melody.subarray(0, start)]);
  return Buffer.alloc(frames * frameBytes, turned);
}
