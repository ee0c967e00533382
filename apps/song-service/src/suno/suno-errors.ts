import { numberIn, ProviderError, providerDetail, retryAfterMs } from '@castad/platform';
import type { AxiosResponse } from 'axios';
import type { SunoEnvelope } from './suno.types.ts';

type Options = ConstructorParameters<typeof ProviderError>[2];

const MAINTENANCE_MS = 5 * 60_000;
/** The window of Suno's rate limit: after it a call is let through for sure. */
const WINDOW_MS = 10_000;
/** A limit that Suno does not explain: it may be lifted soon or never. */
const LIMIT_MS = 60_000;
const LIMIT_TRIES = 5;
export const NOT_FOUND = 'SUNO_NOT_FOUND';

export const garbage = () =>
  new ProviderError('SUNO_GARBAGE', 'Suno answered something that is not its API.', { retriable: true });

export const tooLong = (said: Options = {}) =>
  new ProviderError('SUNO_TOO_LONG', 'The lyric or style is too long for Suno.', { ...said, refused: true });

/** The answer's frame. Its code decides, whatever the HTTP status. @throws ProviderError where it is none, or says no */
export function envelopeOf<T>(response: AxiosResponse<unknown>, redact: (text: string) => string): SunoEnvelope<T> {
  const { status, data, headers } = response;
  const envelope = data as SunoEnvelope<T> | null;
  const code = numberIn(envelope?.code);
  if (code === 200) return envelope as SunoEnvelope<T>;
  const enveloped = !Number.isNaN(code);
  if (status >= 200 && status < 300 && !enveloped) throw garbage();
  throw errorOf(enveloped ? code : status, enveloped, {
    retryAfterMs: retryAfterMs(headers['retry-after']),
    detail: providerDetail(enveloped ? [code, envelope?.msg] : [`HTTP ${status}`], redact),
    cause: new Error(`suno answered ${enveloped ? code : `HTTP ${status}`}`),
  });
}

/** Without an envelope a 429 is a proxy's rate limit; with one it means that the credits are used up. */
function errorOf(code: number, enveloped: boolean, said: Options & { retryAfterMs?: number }): ProviderError {
  const error = (code: string, message: string, options: Options) =>
    new ProviderError(code, message, { ...said, ...options });
  const waitMs = (usual: number) => said.retryAfterMs ?? usual;
  if (code === 401 || code === 403)
    return error('SUNO_UNAUTHORIZED', 'Suno refuses our key.', { refused: true, account: true });
  if (code === 402 || (code === 429 && enveloped))
    return error('SUNO_CREDITS_EXHAUSTED', 'The Suno credits are used up.', { refused: true, account: true });
  if (code === 429 || code === 430)
    return error('SUNO_RATE_LIMITED', 'Suno is called too often.', {
      refused: true,
      retriable: true,
      rateLimited: true,
      retryAfterMs: waitMs(WINDOW_MS),
    });
  if (code === 405)
    return error('SUNO_LIMIT_EXCEEDED', 'A limit of the Suno account is exceeded.', {
      refused: true,
      retriable: true,
      maxTries: LIMIT_TRIES,
      retryAfterMs: waitMs(LIMIT_MS),
    });
  if (code === 455)
    return error('SUNO_MAINTENANCE', 'Suno is under maintenance.', {
      refused: true,
      account: true,
      retryAfterMs: waitMs(MAINTENANCE_MS),
    });
  if (code === 404) return error('SUNO_NOT_FOUND', 'Suno does not know what was asked for.', { refused: true });
  if (code === 413) return tooLong(said);
  // Somebody gave up waiting: what was sent may have got through.
  if (code === 408) return error('SUNO_SERVER_ERROR', 'Suno failed.', { retriable: true });
  if (code >= 400 && code < 500) return error('SUNO_REFUSED', 'Suno refuses the request.', { refused: true });
  return error('SUNO_SERVER_ERROR', 'Suno failed.', { retriable: true });
}
