import type { ProblemView } from './generated/index.ts';

/** A request that was refused or failed. */
export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    /** The HTTP status; 0: there was no answer. */
    readonly status: number,
    /** Stable and machine-readable; `docs/errors.md` lists all. */
    readonly code: string,
    message: string,
    readonly problem?: ProblemView,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Whether the same request can succeed later. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** What the generated functions return instead of data, as an error to throw. */
export function failed(error: unknown, response?: Response): ApiError {
  if (!response) return new ApiError(0, 'NO_ANSWER', 'The API did not answer.', undefined, { cause: error });
  const problem = error as Partial<ProblemView> | undefined;
  const { code = `HTTP_${response.status}`, title = response.statusText } = problem ?? {};
  return new ApiError(response.status, code, title, problem?.code ? (problem as ProblemView) : undefined);
}
