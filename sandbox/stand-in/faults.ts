import { isObject, type Json } from './call.ts';

/** A wish for trouble, as posted to `/__sim/faults`. */
export interface Fault {
  /** `POST /v2/renders`, `GET /media/*`, or `*` for everything. */
  endpoint: string;
  kind: string;
  /** Only requests whose body or address holds this text. */
  match?: string;
  /** How many requests it strikes; all, if absent. */
  times?: number;
  /** How many matching requests it lets pass first. */
  after?: number;
  ms?: number;
  status?: number;
  code?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Kinds every stand-in knows. A provider adds its own. */
const commonKinds = [
  'delay',
  'delay-response',
  'drop-response',
  'garbage',
  'hang',
  'reset',
  'status',
  'status-response',
  'truncate',
] as const;

/** Kinds of a provider that has jobs and calls back. */
export const jobKinds = [
  'callbacks-doubled',
  'callbacks-early',
  'callbacks-late',
  'callbacks-lost',
  'job-failed',
  'job-stuck',
] as const;

const fieldTypes: Record<keyof Fault, string> = {
  endpoint: 'string',
  kind: 'string',
  match: 'string',
  times: 'number',
  after: 'number',
  ms: 'number',
  status: 'number',
  code: 'number',
  body: 'any',
  headers: 'object',
};

export class Faults {
  readonly #kinds: Set<string>;
  #active: { fault: Fault; seen: number; struck: number }[] = [];

  constructor(providerKinds: readonly string[]) {
    this.#kinds = new Set([...commonKinds, ...providerKinds]);
  }

  /** Adds a fault, or says why it cannot. */
  add(wish: unknown): string | undefined {
    if (!isObject(wish)) return 'a fault is a JSON object';
    const complaint = this.#complaint(wish);
    if (complaint) return complaint;
    this.#active.push({ fault: wish as unknown as Fault, seen: 0, struck: 0 });
    return undefined;
  }

  /** The faults that strike this request; they count as used. */
  take(endpoint: string, content: string, address: string): Fault[] {
    if (this.#active.length === 0) return [];
    return this.#active.filter(entry => strikes(entry, endpoint, content, address)).map(entry => entry.fault);
  }

  list() {
    return this.#active.map(({ fault, struck }) => ({ ...fault, struck }));
  }

  clear() {
    this.#active = [];
  }

  #complaint(wish: Json): string | undefined {
    if (typeof wish.endpoint !== 'string') return 'endpoint is missing';
    if (!this.#kinds.has(String(wish.kind))) return `kind must be one of ${[...this.#kinds].sort().join(', ')}`;
    for (const [field, value] of Object.entries(wish)) {
      if (!(field in fieldTypes)) return `unknown field ${field}`;
      const type = fieldTypes[field as keyof Fault];
      if (type !== 'any' && typeof value !== type) return `${field} must be of type ${type}`;
    }
    return undefined;
  }
}

function strikes(
  entry: { fault: Fault; seen: number; struck: number },
  endpoint: string,
  content: string,
  address: string,
): boolean {
  const { fault } = entry;
  if (fault.endpoint !== '*' && fault.endpoint !== endpoint) return false;
  if (fault.match !== undefined && !content.includes(fault.match) && !address.includes(fault.match)) return false;
  entry.seen += 1;
  if (entry.seen <= (fault.after ?? 0) || entry.struck >= (fault.times ?? Infinity)) return false;
  entry.struck += 1;
  return true;
}
