import { defineEntity, LockMode, p } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import type { ProviderAccount, RateLimit } from './rate-limit.ts';

/** Why nothing new is bought from a provider for a time. */
export interface Pause {
  code: string;
  reason: string;
  detail?: string;
  ms: number;
}

/** How long one order alone tries whether a refused account is in order again. */
const PROBE_MS = 60_000;

const schema = defineEntity({
  name: 'Bucket',
  tableName: 'bucket',
  properties: {
    name: p.string().length(50).primary(),
    tokens: p.float(),
    refilledAt: p.datetime(3),
    /** Nothing new is bought until then. */
    pausedUntil: p.datetime(3).nullable(),
    /** Why; it stays until the provider has taken new work. */
    pauseCode: p.string().length(64).nullable(),
    pauseReason: p.string().length(1000).nullable(),
    pauseDetail: p.string().length(1000).nullable(),
  },
});

/** How a provider's account stands: calls that may be made, and whether it is refused. Shared by all processes. */
export class Bucket extends schema.class {
  refill({ perSecond, burst }: RateLimit, now: Date): void {
    const seconds = (now.getTime() - this.refilledAt.getTime()) / 1000;
    // Clocks differ a little: a time that was paid out once is not paid out again.
    if (seconds <= 0) return;
    this.tokens = Math.min(burst, this.tokens + seconds * perSecond);
    this.refilledAt = now;
  }

  take(): boolean {
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  giveBack({ burst }: RateLimit, tokens: number): void {
    this.tokens = Math.min(burst, this.tokens + tokens);
  }

  /** The provider's own count has run out: the next call is `ms` away, whatever there was left by ours. */
  drain({ perSecond }: RateLimit, ms: number): void {
    this.tokens = Math.min(this.tokens, 1 - (ms / 1_000) * perSecond);
  }

  /** How long until there is a token. */
  nextMs({ perSecond }: RateLimit): number {
    return Math.max(0, Math.ceil(((1 - this.tokens) / perSecond) * 1_000));
  }

  /** True: the account was not known to be refused, or not for that. */
  pause({ code, reason, detail = null, ms }: Omit<Pause, 'detail'> & { detail?: string | null }, now: Date): boolean {
    const isNews = this.pauseCode !== code;
    const until = new Date(now.getTime() + ms);
    if (this.pausedMs(until) <= 0) this.pausedUntil = until;
    Object.assign(this, { pauseCode: code, pauseReason: reason, pauseDetail: detail });
    return isNews;
  }

  lift(): void {
    Object.assign(this, { pausedUntil: null, pauseCode: null, pauseReason: null, pauseDetail: null });
  }

  /** How long from now nothing is bought. */
  pausedMs(now: Date): number {
    return this.pausedUntil ? this.pausedUntil.getTime() - now.getTime() : 0;
  }

  isPaused(now: Date): boolean {
    return this.pausedMs(now) > 0;
  }

  /** Whether the next order has to show that the account is in order again. */
  isToBeProbed(now: Date): boolean {
    return !!this.pauseCode && !this.isPaused(now);
  }

  /** One order tries; the others wait for what comes of it. */
  probe(now: Date): void {
    this.pausedUntil = new Date(now.getTime() + PROBE_MS);
  }
}
schema.setClass(Bucket);

/** The bucket, filled up to now and locked until the transaction ends. */
export async function lockBucket(em: EntityManager, account: ProviderAccount, now: Date): Promise<Bucket> {
  const bucket = (await findLocked(em, account.name)) ?? (await create(em, account, now));
  if (account.limit) bucket.refill(account.limit, now);
  return bucket;
}

const findLocked = (em: EntityManager, name: string) =>
  em.findOne(Bucket, name, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });

/** The first time only; two at once meet at the key, and both find the one row. */
async function create(em: EntityManager, { name, limit }: ProviderAccount, now: Date): Promise<Bucket> {
  const sql = 'insert into bucket (name, tokens, refilled_at) values (?, ?, ?) on duplicate key update name = name';
  await em.getConnection().execute(sql, [name, limit?.burst ?? 0, now], 'run', em.getTransactionContext());
  return em.findOneOrFail(Bucket, name, { lockMode: LockMode.PESSIMISTIC_WRITE });
}
