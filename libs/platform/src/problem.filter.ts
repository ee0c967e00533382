import {
  Catch,
  HttpException,
  HttpStatus,
  Logger,
  ValidationPipe,
  type ArgumentsHost,
  type ExceptionFilter,
  type ValidationPipeOptions,
} from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, Conflict, InvalidInput, NotFound, toError, Unavailable } from './errors.ts';

/** RFC 9457 problem details. */
export interface Problem {
  /** Where the gateway explains the code. */
  type: string;
  title: string;
  status: number;
  /** Stable and machine-readable. */
  code: string;
  /** Finds the request in our logs. */
  requestId?: string;
  /** `fields` in words. */
  errors?: string[];
  fields?: FieldFault[];
}

/** What is wrong with one property of the body (RFC 6901 `pointer`), or one parameter of the path or query. */
export interface FieldFault {
  pointer?: string;
  parameter?: string;
  detail: string;
}

/** The input does not have the shape the call takes. */
export class InvalidShape extends InvalidInput {
  readonly errors: string[];
  readonly fields: FieldFault[];

  constructor(faults: Fault[], isBody = true) {
    super('INVALID_INPUT', 'The request is not valid.');
    this.errors = faults.map(inWords);
    this.fields = faults.map(({ path, detail }) => ({
      ...(isBody ? { pointer: pointerTo(path) } : { parameter: path.join('.') }),
      detail,
    }));
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
    const problem = { ...problemOf(error), requestId: request.id };
    const { status, code, requestId } = problem;
    const refused = { requestId, method: request.method, path: request.url.split('?')[0], status, code };
    if (status >= 500) this.logger.error({ ...refused, error: toError(error).stack });
    else this.logger.debug(refused);
    const isRetriable = error instanceof AppError && error.retriable;
    if (status === 503 || status === 429 || isRetriable) void reply.header('retry-after', '1');
    void reply.status(status).type(PROBLEM_JSON).send(problem);
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof AppError) {
    const status = error.status ?? statuses.find(([type]) => error instanceof type)?.[1];
    if (status) {
      const { errors, fields } = error as Partial<InvalidShape>;
      return { ...problem(status, error.code, error.message), ...(fields && { errors, fields }) };
    }
  }
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return problemFor(status, toError(error).message);
  }
  return problem(500, 'INTERNAL_ERROR', 'Something went wrong on our side.');
}

/** What a standard status says by itself. */
export const problemFor = (status: number, title: string): Problem =>
  problem(status, codes[status] ?? 'BAD_REQUEST', title);

export const problem = (status: number, code: string, title: string): Problem => ({
  type: `/errors/${code}`,
  title,
  status,
  code,
});

/** A person reads no more, and a stranger gets no answer larger than the request. */
const MAX_ERRORS = 100;

/** Shapes are checked strictly: what a class does not know is refused, not ignored. */
export const validationPipe = (changes: ValidationPipeOptions = {}) =>
  new ShapePipe({ whitelist: true, forbidNonWhitelisted: true, transform: true, ...changes });

class ShapePipe extends ValidationPipe {
  override transform(...[value, metadata]: Parameters<ValidationPipe['transform']>) {
    return super.transform(value, metadata).catch((error: unknown) => {
      throw error instanceof Invalid ? new InvalidShape(error.faults, metadata.type === 'body') : error;
    });
  }

  override createExceptionFactory() {
    return (errors: ValidationError[] = []) => new Invalid(errors.flatMap(error => faultsIn(error)));
  }
}

class Invalid extends Error {
  readonly faults: Fault[];

  constructor(faults: Fault[]) {
    super();
    this.faults = faults.slice(0, MAX_ERRORS);
  }
}

/** The path of a property, and what is wrong with it. */
export interface Fault {
  path: string[];
  detail: string;
}

function faultsIn({ property, constraints = {}, children = [] }: ValidationError, above: string[] = []): Fault[] {
  const path = [...above, property];
  const own = Object.values(constraints).map(detail => ({ path, detail }));
  return [...own, ...children.flatMap(child => faultsIn(child, path))];
}

/** `sections[0].label must ...`; the detail itself begins with the property's name. */
function inWords({ path, detail }: Fault): string {
  const above = path
    .slice(0, -1)
    .reduce((text, part) => (/^\d+$/.test(part) ? `${text.slice(0, -1)}[${part}].` : `${text}${part}.`), '');
  return above + detail;
}

const pointerTo = (path: string[]): string =>
  path.map(part => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
