import { defineEntity, p } from '@mikro-orm/core';
import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import { Answer } from '../answer.ts';
import type { Call } from './call.ts';

const schema = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_key',
  properties: {
    id: p.string().length(64).primary(),
    /** Method and path; null: of the version before, which knew keys for new projects alone. */
    request: p.string().length(255).nullable(),
    /** Hash of the body in canonical form. */
    canonical: p.string().length(64).nullable(),
    /** The project that it is about, or that came of it. */
    taskId: p.string().length(36),
    /** Null: of the version before, or of a request that is not done yet, which nobody else sees. */
    answer: p.text().nullable(),
    createdAt: p.datetime(3),
  },
});

/** Whose key it is. All clients are one caller until they have keys of their own. */
const CALLER = '';

const CREATE = 'POST /v1/projects';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A client's key for one request, and how it was answered. Kept a day. */
export class IdempotencyKey extends schema.class {
  static idOf(key: string): string {
    return sha256(CALLER + key);
  }

  static of(key: string, { name }: Call, taskId: string, body: unknown): IdempotencyKey {
    return Object.assign(new IdempotencyKey(), {
      id: IdempotencyKey.idOf(key),
      request: name,
      canonical: sha256(canonicalize(body ?? {}) as string),
      taskId,
      createdAt: new Date(),
    });
  }

  isSameRequestAs({ request, canonical }: IdempotencyKey): boolean {
    return (this.request ?? CREATE) === (request ?? CREATE) && this.canonical === canonical;
  }

  answered({ status, body, headers }: Answer): void {
    this.answer = JSON.stringify({ status, body, headers });
  }

  /** Undefined: the version before did not keep it. */
  answerAgain<T>(): Answer<T> | undefined {
    if (!this.answer) return undefined;
    const { status, body, headers } = JSON.parse(this.answer) as Answer<T>;
    return new Answer(status, body, { ...headers, 'idempotency-replayed': 'true' });
  }
}
schema.setClass(IdempotencyKey);
