import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { InternalConfig } from './config.ts';
import { AppError } from './errors.ts';

/** Lets in the services that know the shared secret. */
@Injectable()
export class InternalGuard implements CanActivate {
  constructor(private readonly config: InternalConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const known = this.config.internalSecrets().map(secret => isEqual(authorization, `Bearer ${secret}`));
    if (known.includes(true)) return true;
    throw new AppError('UNAUTHORIZED', 'The call needs the secret of the services.', { status: 401 });
  }
}

/** Takes as long whatever the difference: hashes have one length. */
const isEqual = (a: string, b: string): boolean => timingSafeEqual(hashed(a), hashed(b));

const hashed = (text: string): Buffer => createHash('sha256').update(text).digest();
