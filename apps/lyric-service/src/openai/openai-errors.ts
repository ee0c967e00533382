import { numberIn, ProviderError, providerDetail, retryAfterMs } from '@castad/platform';
import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';

type Options = ConstructorParameters<typeof ProviderError>[2];
type Redact = (text: string) => string;

const error = (code: string, message: string, options?: Options) => new ProviderError(code, message, options);

/** The answer is not what was asked for; another one may be. */
export const garbage = (cause?: unknown) =>
  error('OPENAI_GARBAGE', 'The language model answered something that is not a lyric.', { retriable: true, cause });

export const TRUNCATED = 'OPENAI_TRUNCATED';

export const truncated = () =>
  error('OPENAI_TRUNCATED', 'The language model stopped before the lyric was complete.', { retriable: true });

export const empty = () => error('OPENAI_EMPTY', 'The language model answered nothing.', { retriable: true });

export const wrongLanguage = () =>
  error('OPENAI_WRONG_LANGUAGE', 'The language model wrote in another language than was ordered.', { retriable: true });

export const refused = (words: unknown, redact: Redact) =>
  error('OPENAI_REFUSED', 'The language model declines to write about this brief.', {
    detail: detailOf([words], redact),
  });

export const filtered = (said?: Options) =>
  error('OPENAI_CONTENT_FILTER', "The language model's content filter stopped the lyric.", said);

/** What was ordered, or what the client wrote, and no other try would change. */
export const flagged = (what: 'brief' | 'lyric', categories: unknown[], redact: Redact) =>
  error('OPENAI_FLAGGED', `The moderation flags the ${what}. Change the ${what}.`, {
    detail: detailOf(categories, redact),
  });

/** What the model wrote; it may write something else. */
export const flaggedAnswer = (categories: unknown[], redact: Redact) =>
  error('OPENAI_FLAGGED', 'The moderation flags what the language model wrote.', {
    retriable: true,
    detail: detailOf(categories, redact),
  });

/** The moderation did not answer. `isFree`: no model has been called for it. */
export function notModerated(thrown: unknown, redact: Redact, isFree: boolean): ProviderError {
  const { code, message, retriable, account, retryAfterMs: waitMs, detail, cause } = openAiError(thrown, redact);
  const said = { detail, cause, refused: isFree };
  if (thrown instanceof APIError && MISSING.has(Number(thrown.status)))
    return error('OPENAI_NO_MODERATION', 'The language model has no moderation.', { ...said, account: true });
  return new ProviderError(code, message, { ...said, retriable, account, retryAfterMs: waitMs });
}

const MISSING = new Set([404, 405, 501]);

/** What a call that threw means. The provider's text goes on as `detail` alone: it may repeat the prompt. */
export function openAiError(thrown: unknown, redact: Redact): ProviderError {
  if (thrown instanceof APIConnectionTimeoutError || thrown instanceof APIUserAbortError)
    return error('OPENAI_TIMEOUT', 'The language model did not answer in time.', { retriable: true });
  if (thrown instanceof APIConnectionError) return connectionError(thrown);
  if (thrown instanceof APIError) return statusError(thrown as APIError, redact);
  if (thrown instanceof SyntaxError) return garbage();
  return error('OPENAI_NO_ANSWER', 'The language model broke off the call.', {
    retriable: true,
    cause: new Error(codeOf(thrown)),
  });
}

const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_.*)$/;

function connectionError({ cause }: APIConnectionError): ProviderError {
  const code = codeOf(cause);
  return NOT_CONNECTED.test(code)
    ? error('OPENAI_UNREACHABLE', 'The language model cannot be reached.', {
        retriable: true,
        refused: true,
        cause: new Error(code),
      })
    : error('OPENAI_NO_ANSWER', 'The language model broke off the call.', { retriable: true, cause: new Error(code) });
}

const QUOTA = /insufficient_quota|credit_balance_exhausted|(spend|usage)_limit_exceeded/;
const FILTER = /content_filter|content_policy_violation/;

/** A 429 can mean "slower" or "nothing left to spend": only the code tells. */
function statusError(thrown: APIError, redact: Redact): ProviderError {
  const { status, code, type, param, requestID, headers, error: body } = thrown;
  const { message } = (body ?? {}) as { message?: unknown };
  const said = {
    cause: new Error(`openai answered ${status} ${code ?? type ?? ''} (request ${requestID ?? 'unknown'})`),
    detail: detailOf([status, code, type, param, message], redact),
    retryAfterMs: waitMs(headers),
  };
  const isOver = status === 402 || (!!status && status < 500 && QUOTA.test(`${code} ${type}`));
  if (!isOver && (status === 401 || status === 403))
    return error('OPENAI_UNAUTHORIZED', 'The language model refuses our key.', {
      ...said,
      refused: true,
      account: true,
    });
  if (isOver)
    return error('OPENAI_QUOTA_EXHAUSTED', "The language model's quota is used up.", {
      ...said,
      refused: true,
      account: true,
    });
  if (status === 429)
    return error('OPENAI_RATE_LIMITED', 'The language model is called too often.', {
      ...said,
      refused: true,
      retriable: true,
    });
  if (status === undefined || status >= 500 || status === 408 || status === 409 || status === 425)
    return error('OPENAI_SERVER_ERROR', 'The language model failed.', {
      ...said,
      retriable: true,
      refused: isUnanswered(status),
    });
  if (FILTER.test(`${code}`)) return filtered(said);
  // Every call fails alike until somebody mends the configuration or the account.
  const account = code === 'model_not_found';
  return error('OPENAI_REJECTED', 'The language model rejects the request.', { ...said, refused: true, account });
}

/** In milliseconds, or in seconds, or as a date. */
function waitMs(headers: Headers | undefined): number | undefined {
  const ms = numberIn(headers?.get('retry-after-ms'));
  return retryAfterMs(ms >= 0 ? String(ms / 1_000) : headers?.get('retry-after'));
}

/** An error is no answer and is not charged, unless somebody between us and the model gave up waiting for it. */
const isUnanswered = (status: number | undefined): boolean => !!status && status !== 504 && status !== 408;

/** It shows the beginning and the end of a key that it does not know. */
const KEYS = /\bsk-[\w*-]+/g;

const detailOf = (said: unknown[], redact: Redact) =>
  providerDetail(said, text => redact(text).replace(KEYS, '[redacted]'));

function codeOf(thrown: unknown): string {
  const { code, cause } = (thrown ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause ? codeOf(cause) : 'no code';
}
