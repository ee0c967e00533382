import { Workshop } from '../stand-in/workshop.ts';
import { lengthOf, loop } from './loop.ts';
import type { Words } from './score.ts';

/** Where songs are recorded. */
export interface Studio {
  /** The length a song really gets when so many seconds are asked for. */
  lengthOf(seconds: number): number;
  /** An MP3; the same words always give the same one. */
  song(words: Words): Promise<Buffer>;
  clear(): void;
}

const rememberedSongs = 32;

/** Plays what the words ask for, in about a second for half a minute of music. */
class BandStudio implements Studio {
  readonly #band = new Workshop(new URL('./band.ts', import.meta.url));
  #songs = new Map<string, Promise<Buffer>>();

  lengthOf(seconds: number): number {
    return seconds;
  }

  song(words: Words): Promise<Buffer> {
    const key = JSON.stringify(words);
    const song = this.#songs.get(key) ?? this.#band.make(words);
    this.#songs.delete(key);
    this.#songs.set(key, song);
    song.catch(() => this.#songs.delete(key));
    const [oldest] = this.#songs.keys();
    if (this.#songs.size > rememberedSongs) this.#songs.delete(oldest!);
    return song;
  }

  clear() {
    this.#band.clear();
    this.#songs = new Map();
  }
}

/** The same small melody for everybody. */
const loopStudio: Studio = {
  lengthOf,
  song: words => Promise.resolve(loop(words)),
  clear: () => undefined,
};

export const studio = (media: 'real' | 'tiny'): Studio => (media === 'tiny' ? loopStudio : new BandStudio());
