import type { UnitOfWork } from '@castad/platform';
import { randomUUID } from 'node:crypto';
import type { Bench } from './bench.ts';
import type { Bucket } from './bucket.entity.ts';
import { wanted } from './cancellation.entity.ts';
import { dueRows, dueRowsFor, nextDueMs } from './due.ts';
import { isFinal, type Job } from './job.ts';
import type { Leases } from './leases.ts';

/** A row that this process works on. */
export interface Claimed<J> {
  job: J;
  owner: string;
  /** When it was claimed, by the database's clock. */
  now: Date;
  /** Whether it alone tries if a refused account is in order again. */
  isProbe: boolean;
}

export interface Claim<J> {
  claimed: Claimed<J>[];
  /** There may be more rows that could be started now. */
  more: boolean;
}

/** Takes due rows for this process, each for the time of a lease. */
export class Claims<J extends Job & object> {
  /** Owners of claims whose commit was not answered. */
  private readonly open = new Set<string>();

  constructor(
    private readonly of: Bench<J>,
    private readonly leases: Leases<J>,
  ) {}

  /** A look without locks: how long until a claim would change anything. */
  async dueInMs(): Promise<number> {
    const { account, database, entity } = this.of;
    const now = await database.now();
    return database.read('background', async em => ((await account?.glance(em, now)) ? 0 : nextDueMs(em, entity, now)));
  }

  async claim(limit: number): Promise<Claim<J>> {
    let claim: Claim<J> | undefined;
    try {
      return await this.of.database.transaction('background', async unit => {
        claim = undefined;
        return (claim = await this.claimIn(unit, limit));
      });
    } catch (error) {
      if (claim) this.unanswered(claim);
      throw error;
    }
  }

  /** The claim was made or not. */
  unanswered({ claimed }: Claim<J>): void {
    for (const { owner } of claimed) this.open.add(owner);
  }

  /** What of the unanswered claims was made is worked on. */
  async takeUp(): Promise<Claimed<J>[]> {
    if (this.open.size === 0) return [];
    const owners = [...this.open];
    const now = await this.of.database.now();
    const jobs = await this.leases.held(owners);
    for (const owner of owners) this.open.delete(owner);
    return jobs.map(job => ({ job, owner: job.leaseOwner as string, now, isProbe: false }));
  }

  /** Claims in a transaction that may do more than that. */
  async claimIn(unit: UnitOfWork, limit: number): Promise<Claim<J>> {
    const { account } = this.of;
    const bucket = await account?.look(unit);
    const calls = account?.provider.limit && !bucket?.isPaused(unit.now) ? Math.floor(bucket?.tokens ?? 0) : limit;
    const due = await this.due(unit, limit, calls);
    const jobs = await wanted(unit.em, this.of.entity, due);
    await this.of.admit(
      jobs.filter(job => job.deadline > unit.now),
      unit,
    );
    const claimed: Claimed<J>[] = [];
    for (const job of jobs) {
      if (isFinal(job) || !job.dueAt || job.dueAt > unit.now) continue;
      if (job.deadline <= unit.now) await this.of.expire(job, this.of.publisher(unit, job), unit);
      else claimed.push(...this.take(unit, job, bucket));
    }
    return { claimed, more: !this.isDry(unit, bucket) && due.length >= Math.min(limit, calls) };
  }

  private due(unit: UnitOfWork, limit: number, calls: number): Promise<J[]> {
    const { account, entity } = this.of;
    return account?.provider.limit ? dueRowsFor(unit, entity, limit, calls) : dueRows(unit, entity, limit);
  }

  /** No call can be made for a moment. */
  private isDry(unit: UnitOfWork, bucket: Bucket | undefined): boolean {
    const limit = this.of.account?.provider.limit;
    if (!limit || !bucket || bucket.tokens >= 1) return false;
    unit.wake(this.of.entity, Math.max(1, bucket.nextMs(limit)));
    return true;
  }

  private take(unit: UnitOfWork, job: J, bucket: Bucket | undefined): Claimed<J>[] {
    const { now } = unit;
    const { account } = this.of;
    const spends = this.of.spends(job);
    if (spends && bucket?.isPaused(now)) {
      this.putOff(unit, job, bucket);
      return [];
    }
    if (account?.provider.limit && this.of.callsProvider(job)) {
      if (!bucket?.take()) return [];
      account.grant(job);
    }
    const isProbe = spends && !!bucket?.isToBeProbed(now);
    if (isProbe) bucket?.probe(now);
    const owner = randomUUID();
    this.of.begin(job, now);
    job.leaseOwner = owner;
    job.leaseUntil = new Date(now.getTime() + this.of.leaseMs);
    // A due time before the lease's end then means: somebody woke the job while it was being worked on.
    job.dueAt = job.leaseUntil;
    return [{ job, owner, now, isProbe }];
  }

  /** It waits until the account is tried again, or its time is over. */
  private putOff(unit: UnitOfWork, job: J, bucket: Bucket): void {
    const { pausedUntil, pauseCode: code, pauseReason: reason, pauseDetail: detail } = bucket;
    job.dueAt = new Date(Math.min((pausedUntil ?? unit.now).getTime(), job.deadline.getTime()));
    unit.wake(this.of.entity, job.dueAt.getTime() - unit.now.getTime());
    if (code && reason)
      this.of.delayed(job, { code, reason, detail: detail ?? undefined }, this.of.publisher(unit, job));
  }
}
