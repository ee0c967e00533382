import type { Fault } from './faults.ts';

export interface Entry {
  at: number;
  method: string;
  path: string;
  query: string;
  /** Null while nothing was answered: still at work, hanging, or cut off. */
  status: number | null;
  code?: number;
  job?: string;
  raw: string;
  problems: string[];
  faults: Fault[];
}

/** Every provider call since the last reset; of the bodies the newest. They stay text until somebody reads the log. */
export class RequestLog {
  readonly #keptCharacters: number;
  #entries: Entry[] = [];
  #forgotten = 0;
  #characters = 0;

  constructor(keptCharacters = 64 * 1024 * 1024) {
    this.#keptCharacters = keptCharacters;
  }

  add(entry: Entry) {
    this.#entries.push(entry);
    this.#characters += entry.raw.length;
    while (this.#characters > this.#keptCharacters) {
      const oldest = this.#entries[this.#forgotten++] as Entry;
      this.#characters -= oldest.raw.length;
      oldest.raw = 'no longer kept';
    }
  }

  /** `path` is exact, or a beginning that ends in `*`. */
  find({ path, method }: { path?: string | null; method?: string | null }): Entry[] {
    return this.#entries.filter(entry => (!method || entry.method === method) && (!path || isAt(entry.path, path)));
  }

  clear() {
    this.#entries = [];
    this.#forgotten = 0;
    this.#characters = 0;
  }
}

export function readable({ at, raw, faults, ...entry }: Entry) {
  return { at: new Date(at).toISOString(), ...entry, faults: faults.map(fault => fault.kind), body: parsed(raw) };
}

function isAt(path: string, pattern: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function parsed(raw: string): unknown {
  if (raw === '') return null;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}
