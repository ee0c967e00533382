import {
  Catch,
  HttpException,
  HttpStatus,
  Logger,
  ValidationPipe,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, Conflict, InvalidInput, NotFound, toError, Unavailable } from './errors.ts';

/** RFC 9457 problem details; `code` is stable, `errors` name the offending properties. */
export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  code: string;
  errors?: string[];
}

/** The input does not have the shape the call takes. */
export class InvalidShape extends InvalidInput {
  constructor(readonly errors: string[]) {
    super('INVALID_INPUT', 'The request is not valid.');
  }
}

const statuses: [new (...args: never[]) => AppError, HttpStatus][] = [
  [InvalidInput, HttpStatus.BAD_REQUEST],
  [NotFound, HttpStatus.NOT_FOUND],
  [Conflict, HttpStatus.CONFLICT],
  [Unavailable, HttpStatus.SERVICE_UNAVAILABLE],
];

export const PROBLEM_JSON = 'application/problem+json';

const codes: Partial<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'TOO_MANY_REQUESTS',
  431: 'HEADERS_TOO_LARGE',
};

/** The one place where an error becomes an HTTP answer. Nothing of an unexpected error leaves the service. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Also for routes beside the controllers. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      this.logger.error({
        method: request.method,
        path: request.url.split('?')[0],
        code: problem.code,
        error: toError(error).stack,
      });
    }
    if (problem.status === 503 || problem.status === 429) void reply.header('retry-after', '1');
    void reply.status(problem.status).type(PROBLEM_JSON).send(problem);
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof AppError) {
    const status = error.status ?? statuses.find(([type]) => error instanceof type)?.[1];
    if (status) {
      const errors = error instanceof InvalidShape ? error.errors : undefined;
      return { type: 'about:blank', title: error.message, status, code: error.code, ...(errors && { errors }) };
    }
  }
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return problemFor(status, toError(error).message);
  }
  return { type: 'about:blank', title: 'Something went wrong on our side.', status: 500, code: 'INTERNAL_ERROR' };
}

/** What a standard status says by itself. */
export const problemFor = (status: number, title: string): Problem => ({
  type: 'about:blank',
  title,
  status,
  code: codes[status] ?? 'BAD_REQUEST',
});

/** A person reads no more, and a stranger gets no answer larger than the request. */
const MAX_ERRORS = 100;

/** Shapes are checked strictly: what a class does not know is refused, not ignored. */
export const validationPipe = () =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    exceptionFactory: (errors: ValidationError[]) =>
      new InvalidShape(errors.flatMap(error => texts(error)).slice(0, MAX_ERRORS)),
  });

/** `sections[0].label must ...`: the path of a property, and what is wrong with it. */
function texts({ property, constraints = {}, children = [] }: ValidationError, path = ''): string[] {
  const isIndex = /^\d+$/.test(property);
  const here = isIndex ? `${path.replace(/\.$/, '')}[${property}].` : `${path}${property}.`;
  return [...Object.values(constraints).map(text => path + text), ...children.flatMap(child => texts(child, here))];
}
