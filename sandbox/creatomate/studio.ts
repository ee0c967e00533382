import { Workshop } from '../stand-in/workshop.ts';
import type { Assets } from './assets.ts';
import type { FilmOrder } from './film/film.ts';
import { assetsOf } from './render-script.ts';
import { tinyFilm } from './tiny-film.ts';

export interface Film {
  mp4: Buffer;
  jpg: Buffer;
}

/** Where films are made. */
export interface Studio {
  /** A provider's files expire: how many of the newest are there. */
  readonly keptFilms: number;
  /** @throws Error in the renderer's words */
  film(order: FilmOrder): Promise<Film>;
  clear(): void;
}

/** Does what the script says, picture by picture. */
class FilmStudio implements Studio {
  readonly keptFilms = 100;
  readonly #workshop = new Workshop(new URL('./film/film.ts', import.meta.url));

  async film(order: FilmOrder): Promise<Film> {
    const made = await this.#workshop.make(order);
    const end = 4 + made.readUInt32BE(0);
    return { jpg: made.subarray(4, end), mp4: made.subarray(end) };
  }

  clear() {
    this.#workshop.clear();
  }
}

/** The same few seconds for everybody, once all files of the script are seen to be there. */
class TinyStudio implements Studio {
  readonly keptFilms = Infinity;
  readonly #assets: Assets | undefined;

  constructor(assets: Assets | undefined) {
    this.#assets = assets;
  }

  async film({ script, width, height }: FilmOrder): Promise<Film> {
    const complaint = await this.#assets?.complaint(assetsOf(script));
    if (complaint) throw new Error(complaint);
    return tinyFilm(width, height);
  }

  clear() {}
}

export const studio = (media: 'real' | 'tiny', assets: Assets | undefined): Studio =>
  media === 'tiny' ? new TinyStudio(assets) : new FilmStudio();
