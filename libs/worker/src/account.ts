import { Batcher, type Database, type Lifecycle, type Metrics, type UnitOfWork } from '@castad/platform';
import type { Logger } from '@nestjs/common';
import type { EntityManager } from '@mikro-orm/mysql';
import { performance } from 'node:perf_hooks';
import { Bucket, lockBucket, type Pause } from './bucket.entity.ts';
import { NotYet } from './not-yet.ts';
import type { ProviderAccount } from './rate-limit.ts';

/** What an account needs of its service. */
export interface Surroundings {
  database: Database;
  lifecycle: Lifecycle;
  metrics: Metrics;
  logger: Logger;
}

/** A pause that nobody waited for any more. */
const FORGOTTEN_MS = 10 * 60_000;

/** A provider's account as one process deals with it: who may call, and whether anything new may be bought. */
export class Account {
  /** Since when each job may make one call. */
  private readonly granted = new WeakMap<object, number>();
  private readonly takes = new Batcher<void, { since: number; waitMs: number }>(items => this.takeAll(items.length));
  private readonly paused;
  private why?: string;

  constructor(
    readonly provider: ProviderAccount,
    private readonly of: Surroundings,
  ) {
    const { metrics, lifecycle } = of;
    this.paused = metrics.gauge('castad_provider_paused', 'Nothing new is bought from the provider', ['provider']);
    this.paused.set({ provider: provider.name }, 0);
    lifecycle.addProbe({ name: provider.name, decides: 'nothing', check: () => this.complain() });
  }

  /** The account's row for a claim; nothing where nothing is limited and nothing is paused. */
  async look({ em, now }: UnitOfWork): Promise<Bucket | undefined> {
    const { name, limit } = this.provider;
    const isLocked = !!limit || !!(await em.findOne(Bucket, name))?.pauseCode;
    const bucket = isLocked ? await lockBucket(em, this.provider, now) : undefined;
    if (isForgotten(bucket, now)) bucket?.lift();
    this.show(bucket);
    return bucket;
  }

  /** The same for who changes nothing: what other processes have found out. True: there is a pause to be lifted. */
  async glance(em: EntityManager, now: Date): Promise<boolean> {
    const bucket = await em.findOne(Bucket, this.provider.name);
    this.show(bucket ?? undefined);
    return isForgotten(bucket, now);
  }

  lock({ em, now }: UnitOfWork): Promise<Bucket> {
    return lockBucket(em, this.provider, now);
  }

  /** A token was taken for the job. */
  grant(job: object): void {
    this.granted.set(job, performance.now());
  }

  /** Whether the job has a token that is still good. One that was not used in time is lost: others may have it. */
  isGranted(job: object): boolean {
    const since = this.granted.get(job);
    return since !== undefined && performance.now() - since < this.freshMs;
  }

  /** The call is made now. */
  use(job: object): void {
    this.granted.delete(job);
  }

  /** Right before a call. @throws NotYet when it would be one too many */
  async permit(job: object): Promise<void> {
    if (!this.provider.limit) return;
    while (!this.isGranted(job)) {
      const { since, waitMs } = await this.takes.add();
      if (waitMs > 0) throw new NotYet(waitMs);
      this.granted.set(job, since);
    }
    this.use(job);
  }

  /** Nothing new is bought for a time; what is paid for is asked about as ever. */
  pause(bucket: Bucket, pause: Pause, now: Date): void {
    const { name } = this.provider;
    const { code, reason, detail, ms } = pause;
    if (bucket.pause(pause, now))
      this.of.logger.error(
        { provider: name, code, reason, detail, ms },
        'the provider refuses the account; nothing new is bought',
      );
    this.show(bucket);
  }

  lift(bucket: Bucket): void {
    if (!bucket.pauseCode) return;
    this.of.logger.log({ provider: this.provider.name, code: bucket.pauseCode }, 'the provider takes orders again');
    bucket.lift();
    this.show(bucket);
  }

  private complain(): void {
    if (this.why) throw new Error(this.why);
  }

  private get freshMs(): number {
    return this.provider.limit?.freshMs ?? Infinity;
  }

  private show(bucket: Bucket | undefined): void {
    const { pauseCode, pauseReason, pauseDetail } = bucket ?? {};
    this.paused.set({ provider: this.provider.name }, pauseCode ? 1 : 0);
    this.why = pauseCode
      ? `nothing new is bought: ${[pauseCode, pauseReason, pauseDetail].filter(Boolean).join(', ')}`
      : undefined;
  }

  private async takeAll(count: number): Promise<{ since: number; waitMs: number }[]> {
    const { limit } = this.provider;
    return this.of.database.transaction('background', async unit => {
      const bucket = await this.lock(unit);
      const since = performance.now();
      return Array.from({ length: count }, () => {
        const mayCall = !limit || bucket.take();
        return { since, waitMs: mayCall ? 0 : Math.max(1, bucket.nextMs(limit)) };
      });
    });
  }
}

const isForgotten = (bucket: Bucket | null | undefined, now: Date): boolean =>
  !!bucket?.pauseCode && bucket.pausedMs(now) < -FORGOTTEN_MS;
