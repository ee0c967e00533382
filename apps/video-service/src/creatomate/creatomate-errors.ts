import { ProviderError, providerDetail, retryAfterMs } from '@castad/platform';
import type { AxiosResponse } from 'axios';

export const NOT_FOUND = 'CREATOMATE_NOT_FOUND';
export const REFUSED = 'CREATOMATE_REFUSED';

type Options = ConstructorParameters<typeof ProviderError>[2];

/** The window of Creatomate's rate limit: after it a call is let through for sure. */
const WINDOW_MS = 10_000;

export const garbage = () =>
  new ProviderError('CREATOMATE_GARBAGE', 'Creatomate answered something that is not its API.', { retriable: true });

/** What an answer means that is no success. `redact` takes our secrets out of its words. */
export function errorOf({ status, data, headers }: AxiosResponse<unknown>, redact: (text: string) => string) {
  const waitMs = retryAfterMs(headers['retry-after']);
  const said: Options = {
    retryAfterMs: waitMs,
    cause: new Error(`creatomate answered ${status}`),
    detail: providerDetail([`HTTP ${status}`, hintIn(data)], redact),
  };
  const error = (code: string, message: string, options: Options) =>
    new ProviderError(code, message, { ...said, ...options });
  if (status === 401 || status === 403)
    return error('CREATOMATE_UNAUTHORIZED', 'Creatomate refuses our key.', { refused: true, account: true });
  if (status === 402)
    return error('CREATOMATE_CREDITS_EXHAUSTED', 'The Creatomate credits are used up.', {
      refused: true,
      account: true,
    });
  if (status === 404)
    return error('CREATOMATE_NOT_FOUND', 'Creatomate does not know this template or render.', { refused: true });
  if (status === 429)
    return error('CREATOMATE_RATE_LIMITED', 'Creatomate is called too often.', {
      refused: true,
      retriable: true,
      rateLimited: true,
      retryAfterMs: waitMs ?? WINDOW_MS,
    });
  // Somebody gave up waiting: what was sent may have got through.
  if (status === 408) return error('CREATOMATE_SERVER_ERROR', 'Creatomate failed.', { retriable: true });
  if (status >= 400 && status < 500)
    return error('CREATOMATE_REFUSED', 'Creatomate refuses the request.', { refused: true });
  return error('CREATOMATE_SERVER_ERROR', 'Creatomate failed.', { retriable: true });
}

/** Its refusals are JSON with a hint, its rate limit is plain text, and a proxy's page says nothing of it. */
const hintIn = (data: unknown): unknown =>
  typeof data === 'string' ? data.replace(/^\s*<[^]*/, '') : (data as { hint?: unknown } | null)?.hint;
