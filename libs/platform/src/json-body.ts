import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { AppError, InvalidInput, toError } from './errors.ts';

/** Deeper than any request, and less than what recursion, or JSON in MySQL (100), bears. */
const MAX_DEPTH = 32;

/** Other encodings would be stored as replacement characters. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

const JSON_TYPES = ['application/json', 'application/merge-patch+json'];

/** Bodies are JSON, or what a service registers by itself afterwards. An empty one is none, whatever its type. */
export function takeJson(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  const parse = fastify.getDefaultJsonParser('error', 'error') as Parse;
  fastify.addContentTypeParser<Buffer>(JSON_TYPES, { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    parse(request, decoded(body), (error, value) =>
      error || isTooDeep(value, MAX_DEPTH) ? done(notJson(error)) : done(null, value),
    );
  });
  fastify.addContentTypeParser('*', ({ headers }, _payload, done) =>
    headers['transfer-encoding'] || Number(headers['content-length'] ?? 0) > 0
      ? done(new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.', { status: 415 }))
      : done(null, undefined),
  );
}

type Parse = (request: FastifyRequest, body: string, done: (error: Error | null, value?: unknown) => void) => void;

function decoded(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (error) {
    throw notJson(error);
  }
}

const isTooDeep = (value: unknown, room: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (room === 0 || Object.values(value).some(inner => isTooDeep(inner, room - 1)));

const notJson = (cause: unknown) =>
  new InvalidInput('INVALID_JSON', `The body is not JSON in UTF-8, or nested deeper than ${MAX_DEPTH} levels.`, {
    cause: cause && toError(cause),
  });
