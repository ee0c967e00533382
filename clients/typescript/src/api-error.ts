import type { ProblemView } from './generated/index.ts';

/** A request that was refused or failed. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** The HTTP status; 0: there was no answer. */
  readonly status: number;
  /** Stable and machine-readable. */
  readonly code: string;
  readonly problem?: ProblemView;

  constructor(status: number, code: string, message: string, problem?: ProblemView, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
    if (problem) this.problem = problem;
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
