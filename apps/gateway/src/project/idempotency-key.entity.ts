import { defineEntity, p } from '@mikro-orm/core';
import { createHash } from 'node:crypto';

const schema = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_key',
  properties: {
    id: p.string().length(64).primary(),
    fingerprint: p.string().length(64),
    taskId: p.string().length(36),
    createdAt: p.datetime(3),
  },
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A client's key for one request, and the task that came of it. Kept a day. */
export class IdempotencyKey extends schema.class {
  static of(key: string, body: object, taskId: string): IdempotencyKey {
    const fields = { id: sha256(key), fingerprint: sha256(JSON.stringify(body)), taskId, createdAt: new Date() };
    return Object.assign(new IdempotencyKey(), fields);
  }
}
schema.setClass(IdempotencyKey);
