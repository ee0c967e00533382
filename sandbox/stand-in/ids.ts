import { hash, randomUUID } from 'node:crypto';

/** Ids in the form of UUIDs: unique for ever, or the same in every run of one seed. */
export class Ids {
  readonly #seed: string;
  #count = 0;

  constructor(seed = process.env.SIM_SEED ?? randomUUID()) {
    this.#seed = seed;
  }

  uuid(): string {
    const hex = this.hex();
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  hex(): string {
    return hash('md5', `${this.#seed}:${(this.#count += 1)}`);
  }
}

/** A number that depends on nothing but the text. */
export const numberFrom = (text: string): number => parseInt(hash('md5', text).slice(0, 8), 16);
