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

/** Every provider call since the last reset. Bodies stay text until somebody reads the log. */
export class RequestLog {
  #entries: Entry[] = [];

  add(entry: Entry) {
    this.#entries.push(entry);
  }

  /** `path` is exact, or a beginning that ends in `*`. */
  find({ path, method }: { path?: string | null; method?: string | null }): Entry[] {
    return this.#entries.filter(entry => (!method || entry.method === method) && (!path || isAt(entry.path, path)));
  }

  clear() {
    this.#entries = [];
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
