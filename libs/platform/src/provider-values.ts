import { isURL } from 'class-validator';

const ID = /^[\x21-\x7e]{1,100}$/;
const MAX_URL = 2_000;

/** Nothing we buy is longer; a duration in milliseconds is. */
const MAX_SECONDS = 3_600;

const URL_FORM = { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true };

/** A provider's name for its work that fits our columns; otherwise undefined. */
export const idIn = (value: unknown): string | undefined =>
  typeof value === 'string' && ID.test(value) ? value : undefined;

/** A number, also one that is written as text; otherwise NaN. */
export const numberIn = (value: unknown): number =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : NaN;

/** A moment or a length that a song or a film can have; otherwise undefined. */
export function secondsIn(value: unknown): number | undefined {
  const seconds = numberIn(value);
  return seconds >= 0 && seconds <= MAX_SECONDS ? seconds : undefined;
}

/** An address that every reader of our messages accepts, and our columns hold; otherwise undefined. */
export function urlIn(value: unknown): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value.trim())?.href : undefined;
  return url && url.length <= MAX_URL && isURL(url, URL_FORM) ? url : undefined;
}
