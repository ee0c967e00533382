import { defineEntity, p } from '@mikro-orm/core';
import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';

const schema = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_key',
  properties: {
    id: p.string().length(64).primary(),
    fingerprint: p.string().length(64),
    /** Of the request in canonical form; absent in what the version before wrote. */
    canonical: p.string().length(64).nullable(),
    taskId: p.string().length(36),
    createdAt: p.datetime(3),
  },
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A client's key for one request, and the task that came of it. Kept a day. */
export class IdempotencyKey extends schema.class {
  static of(key: string, body: object, taskId: string): IdempotencyKey {
    return Object.assign(new IdempotencyKey(), {
      id: sha256(key),
      fingerprint: sha256(JSON.stringify(body)),
      canonical: sha256(canonicalize(body) as string),
      taskId,
      createdAt: new Date(),
    });
  }

  /** Whatever the order of its properties. `fingerprint` goes by it, and stays for as long as older processes may run. */
  isSameRequestAs(other: IdempotencyKey): boolean {
    return this.canonical && other.canonical
      ? this.canonical === other.canonical
      : this.fingerprint === other.fingerprint;
  }
}
schema.setClass(IdempotencyKey);
