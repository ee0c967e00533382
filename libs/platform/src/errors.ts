interface AppErrorOptions {
  cause?: unknown;
  /** Whether the same attempt can succeed later without anybody changing anything. */
  retriable?: boolean;
  /** The HTTP status of the answer, where the class's own does not fit. */
  status?: number;
}

/** The root of every error we raise ourselves. `code` is stable and `UPPER_SNAKE`; the message is fit for a client. */
export class AppError extends Error {
  readonly retriable: boolean;
  readonly status?: number;

  constructor(
    readonly code: string,
    message: string,
    { cause, retriable = false, status }: AppErrorOptions = {},
  ) {
    super(message, { cause });
    this.name = new.target.name;
    this.retriable = retriable;
    this.status = status;
  }
}

/** The caller sent something that can never be accepted. */
export class InvalidInput extends AppError {}

/** There is no such thing, or none the caller may see. */
export class NotFound extends AppError {}

/** The request contradicts the present state. */
export class Conflict extends AppError {}

/** We cannot serve now: a dependency is away or a bound is reached. */
export class Unavailable extends AppError {
  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { cause, retriable: true });
  }
}

interface ProviderErrorOptions extends AppErrorOptions {
  /** How long the provider asked us to wait, in milliseconds. */
  retryAfterMs?: number;
  /** Whether the call certainly had no effect at the provider. Decides if a paid call may be sent again. */
  refused?: boolean;
  /** Whether the fault is the account's (key, credits, maintenance), so that every call would fail alike. */
  account?: boolean;
  /** Whether the account's rate limit is reached: every call would meet it for `retryAfterMs`. */
  rateLimited?: boolean;
  /** How often what was refused is tried again. Absent: as long as there is time. */
  maxTries?: number;
  /** The provider's own code and words, for a person; the client has bounded them and taken secrets out. */
  detail?: string;
}

/** An outside service failed or refused. */
export class ProviderError extends AppError {
  readonly retryAfterMs?: number;
  readonly refused: boolean;
  readonly account: boolean;
  readonly rateLimited: boolean;
  readonly maxTries: number;
  readonly detail?: string;

  constructor(code: string, message: string, options: ProviderErrorOptions = {}) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
    this.refused = options.refused ?? false;
    this.account = options.account ?? false;
    this.rateLimited = options.rateLimited ?? false;
    this.maxTries = options.maxTries ?? Infinity;
    this.detail = options.detail;
  }
}

/** Any thrown value as an `Error`. */
export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/** The messages of an error and of what caused it, for a log. */
export function explain(thrown: unknown): string {
  const { message, cause } = toError(thrown);
  return cause === undefined ? message : `${message}: ${explain(cause)}`;
}
