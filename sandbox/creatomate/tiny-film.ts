import { readFileSync } from 'node:fs';
import type { Film } from './studio.ts';

const read = (name: string): Film => {
  const file = (type: string) => readFileSync(new URL(`./fixtures/${name}.${type}`, import.meta.url));
  return { mp4: file('mp4'), jpg: file('jpg') };
};
const films = { portrait: read('portrait'), landscape: read('landscape'), square: read('square') };

/** A playable film and its snapshot in the shape that was asked for, the same few seconds for everybody. */
export function tinyFilm(width: number, height: number): Film {
  if (width === height) return films.square;
  return width > height ? films.landscape : films.portrait;
}
