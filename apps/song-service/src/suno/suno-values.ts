import { isURL } from 'class-validator';

const ID = /^[\x21-\x7e]{1,100}$/;
const MAX_URL = 2_000;

/** No song is longer; a duration in milliseconds is. */
const MAX_SECONDS = 3_600;

export const isSunoId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);

/** A number, also one that is written as text; otherwise NaN. */
export const numberIn = (value: unknown): number =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : NaN;

/** A moment or a length that a song can have; otherwise undefined. */
export function secondsIn(value: unknown): number | undefined {
  const seconds = numberIn(value);
  return Number.isFinite(seconds) && seconds <= MAX_SECONDS ? seconds : undefined;
}

/** An address that every reader of our messages accepts; otherwise undefined. */
export function urlIn(value: unknown): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value.trim())?.href : undefined;
  const options = { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true };
  return url && url.length <= MAX_URL && isURL(url, options) ? url : undefined;
}

/** A list from outside: perhaps none, perhaps with holes. */
export const listed = <T extends object>(list: (T | null)[] | null | undefined): T[] =>
  Array.isArray(list) ? list.filter((item): item is T => typeof item === 'object' && item !== null) : [];
