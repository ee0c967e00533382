import { AppError, ProviderError, toError } from '@castad/platform';
import type { Pause } from './bucket.entity.ts';
import { noteError, type Job, type JobError } from './job.ts';

/** How long a refused account is left alone, unless the provider says so. */
const ACCOUNT_PAUSE_MS = 60_000;

/** Anything but a provider's own word is a fault of ours, and for a submit an unknown outcome. */
export function asProviderError(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const cause = toError(thrown);
  if (thrown instanceof AppError)
    return new ProviderError(thrown.code, thrown.message, { retriable: thrown.retriable, cause });
  return new ProviderError('INTERNAL_ERROR', 'Something went wrong on our side.', { cause, retriable: true });
}

/** The error as a row and an event keep it. */
export const errorOf = ({ code, message, detail }: ProviderError): JobError => ({
  code,
  reason: message,
  ...(detail && { detail }),
});

/** What an error means for everybody who would buy something from that provider. */
export const pauseFor = (error: ProviderError): Pause | undefined =>
  error.account ? { ...errorOf(error), ms: error.retryAfterMs ?? ACCOUNT_PAUSE_MS } : undefined;

/** How long nobody calls the provider because its rate limit is reached. */
export const slowFor = ({ rateLimited, retryAfterMs }: ProviderError): number | undefined =>
  rateLimited ? retryAfterMs : undefined;

/** One more failure in a row of what may be repeated. */
export function troubled(job: Job, error: ProviderError): void {
  job.tries += 1;
  noteError(job, errorOf(error));
}
