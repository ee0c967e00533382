import { defineEntity, LockMode, p } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';

const schema = defineEntity({
  name: 'Bucket',
  tableName: 'bucket',
  properties: {
    name: p.string().length(50).primary(),
    tokens: p.float(),
    refilledAt: p.datetime(3),
    /** The account is refused until then; nobody calls. */
    pausedUntil: p.datetime(3).nullable(),
  },
});

/** A provider account's token bucket, shared by all processes of the service. */
export class Bucket extends schema.class {
  refill({ perSecond, burst }: RateLimit, now: Date): void {
    const seconds = (now.getTime() - this.refilledAt.getTime()) / 1000;
    // Clocks differ a little: a time that was paid out once is not paid out again.
    if (seconds <= 0) return;
    this.tokens = Math.min(burst, this.tokens + seconds * perSecond);
    this.refilledAt = now;
  }

  pause(until: Date): void {
    if (this.pausedMs(until) <= 0) this.pausedUntil = until;
  }

  /** How long from now nobody calls. */
  pausedMs(now: Date): number {
    return this.pausedUntil ? this.pausedUntil.getTime() - now.getTime() : 0;
  }
}
schema.setClass(Bucket);

export interface RateLimit {
  name: string;
  perSecond: number;
  burst: number;
}

/**
 * At most `calls` (two or more) in any window of `seconds`: a fifth may come at once, the rest is spread (a bucket that
 * allowed all of it at once would let nearly twice as many through in one window).
 */
export function atMost(name: string, calls: number, seconds: number): RateLimit {
  const burst = Math.max(2, calls * 0.2);
  return { name, burst, perSecond: Math.max(0.5, calls - burst) / seconds };
}

/** The bucket, locked until the transaction ends. */
export async function lockBucket(em: EntityManager, limit: RateLimit, now: Date): Promise<Bucket> {
  const bucket = (await findLocked(em, limit.name)) ?? (await create(em, limit, now));
  bucket.refill(limit, now);
  return bucket;
}

const findLocked = (em: EntityManager, name: string) =>
  em.findOne(Bucket, name, { lockMode: LockMode.PESSIMISTIC_WRITE });

/** The first time only; two at once meet at the key, and both find the one row. */
async function create(em: EntityManager, { name, burst }: RateLimit, now: Date): Promise<Bucket> {
  const sql = 'insert into bucket (name, tokens, refilled_at) values (?, ?, ?) on duplicate key update name = name';
  await em.getConnection().execute(sql, [name, burst, now], 'run', em.getTransactionContext());
  return em.findOneOrFail(Bucket, name, { lockMode: LockMode.PESSIMISTIC_WRITE });
}
