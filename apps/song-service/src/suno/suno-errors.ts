import { numberIn, ProviderError, providerDetail, retryAfterMs } from '@castad/platform';
import type { AxiosResponse } from 'axios';
import type { SunoEnvelope } from './suno.types.ts';

type Options = ConstructorParameters<typeof ProviderError>[2];

const MAINTENANCE_MS = 5 * 60_000;
export const NOT_FOUND = 'SUNO_NOT_FOUND';

export const garbage = () =>
  new ProviderError('SUNO_GARBAGE', 'Suno answered something that is not its API.', { retriable: true });

/** The answer's frame. @throws ProviderError where it is none, or says no */
export function envelopeOf<T>(response: AxiosResponse<unknown>, redact: (text: string) => string): SunoEnvelope<T> {
  const { status, data, headers } = response;
  const envelope = data as SunoEnvelope<T> | null;
  const code = numberIn(envelope?.code);
  if (status === 200 && code === 200) return envelope as SunoEnvelope<T>;
  const enveloped = !Number.isNaN(code);
  if (status === 200 && !enveloped) throw garbage();
  throw errorOf(enveloped ? code : status, enveloped, {
    retryAfterMs: retryAfterMs(headers['retry-after']),
    detail: providerDetail(enveloped ? [code, envelope?.msg] : [`HTTP ${status}`], redact),
  });
}

/** Without an envelope a 429 is a proxy's rate limit; with one it means that the credits are used up. */
function errorOf(code: number, enveloped: boolean, said: Options): ProviderError {
  const error = (code: string, message: string, options: Options) =>
    new ProviderError(code, message, {
      cause: new Error(`suno answered ${code}`),
      ...said,
      ...options,
    });
  if (code === 401 || code === 403)
    return error('SUNO_UNAUTHORIZED', 'Suno refuses our key.', { refused: true, account: true });
  if (code === 402 || (code === 429 && enveloped))
    return error('SUNO_CREDITS_EXHAUSTED', 'The Suno credits are used up.', { refused: true, account: true });
  if (code === 429 || code === 430 || code === 405)
    return error('SUNO_RATE_LIMITED', 'Suno is called too often.', { refused: true, retriable: true });
  if (code === 455)
    return error('SUNO_MAINTENANCE', 'Suno is under maintenance.', {
      refused: true,
      account: true,
      retryAfterMs: said?.retryAfterMs ?? MAINTENANCE_MS,
    });
  if (code === 404) return error('SUNO_NOT_FOUND', 'Suno does not know what was asked for.', { refused: true });
  if (code === 413) return error('SUNO_TOO_LONG', 'The lyric or style is too long for Suno.', { refused: true });
  if (code >= 400 && code < 500) return error('SUNO_REFUSED', 'Suno refuses the request.', { refused: true });
  return error('SUNO_SERVER_ERROR', 'Suno failed.', { retriable: true });
}
