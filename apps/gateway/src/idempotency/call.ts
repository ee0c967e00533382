import { InvalidInput } from '@castad/platform';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

/** What a request says beside its body. */
export interface Call {
  /** Method and path, in the one form that is stored and compared. */
  name: string;
  /** Its Idempotency-Key. */
  key?: string;
  /** Its If-Match. */
  ifMatch?: string;
}

const KEY = /^[ -~]{1,255}$/;

/** @throws InvalidInput `INVALID_IDEMPOTENCY_KEY` */
export const TheCall = createParamDecorator((_: unknown, context: ExecutionContext): Call => {
  const { method, url, headers } = context.switchToHttp().getRequest<FastifyRequest>();
  const key = headers['idempotency-key'] as string | undefined;
  if (key !== undefined && !KEY.test(key))
    throw new InvalidInput('INVALID_IDEMPOTENCY_KEY', 'An Idempotency-Key has 1 to 255 printable ASCII characters.');
  const path = decodeURI(url.split('?')[0] as string).toLowerCase();
  return { name: `${method} ${path}`, key, ifMatch: headers['if-match'] };
});

export const ApiIdempotencyKey = () =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Repeat a request with its key: it is carried out once, and answered as the first time, with `Idempotency-Replayed: true`. Kept 24 hours. A refused request leaves no key.',
  });

export const ApiIfMatch = () =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'The `ETag` of the project that was looked at. If it has changed since, nothing is done (412).',
  });
