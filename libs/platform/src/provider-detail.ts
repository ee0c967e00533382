import { shortened } from './text.ts';

const MAX_DETAIL = 1000;

/** A link's signature may be in its query. */
const QUERIES = /(https?:\/\/[^\s?#"'<>]+)[?#][^\s"'<>]*/gi;

/** Keys and callback tokens; longer than any id. */
const TOKENS = /[\w-]{40,}/g;

const GAPS = /[\s\p{Cc}]+/gu;

/**
 * The provider's own code and words as one bounded line for a person, without secrets. `redact` knows the
 * configured ones. Undefined: it said nothing.
 */
export function providerDetail(said: unknown[], redact: (text: string) => string): string | undefined {
  const words = said.filter(part => typeof part === 'string' || typeof part === 'number').join(' ');
  const safe = redact(words).replace(QUERIES, '$1').replace(TOKENS, '[redacted]');
  const line = safe.toWellFormed().replace(GAPS, ' ').trim();
  return line ? shortened(line, MAX_DETAIL, ({ length }) => length).trim() : undefined;
}
