import { Batcher, Pacemaker, toError, type UnitOfWork } from '@castad/platform';
import { LockMode, type EntityName, type FilterQuery } from '@mikro-orm/core';
import type { Account } from './account.ts';
import type { Bench } from './bench.ts';
import type { Bucket } from './bucket.entity.ts';
import type { Claimed } from './claims.ts';
import { isFinal, releaseLease, type Job } from './job.ts';
import type { Outcome } from './outcome.ts';

interface Result<J> {
  claimed: Claimed<J>;
  outcome: Outcome<J>;
}

const MAX_FAILURE_PAUSE_MS = 5_000;

/** Records what came of steps: outcomes that arrive together in one transaction. */
export class Recorder<J extends Job & object> {
  private readonly outcomes = new Batcher<Result<J>>(results => this.recordAll(results));

  constructor(private readonly of: Bench<J>) {}

  /** Keeps trying until the lease is over, and for ever with what must never be lost. */
  async record(claimed: Claimed<J>, outcome: Outcome<J>): Promise<void> {
    const { logger, leaseMs } = this.of;
    const { taskId } = claimed.job;
    const until = outcome.keep ? Infinity : Date.now() + leaseMs;
    for (let round = 1; ; round++) {
      try {
        return await this.outcomes.add({ claimed, outcome });
      } catch (error) {
        if (Date.now() > until) throw error;
        logger.warn({ taskId, error: toError(error).message, round }, 'waiting to record an outcome');
        await new Pacemaker(Math.min(100 * 2 ** round, MAX_FAILURE_PAUSE_MS)).rest();
      }
    }
  }

  private async recordAll(results: Result<J>[]): Promise<void[]> {
    await this.of.database.transaction('background', async unit => {
      await this.settle(unit, results);
      const saved = await this.reload(
        unit,
        results.map(({ claimed }) => claimed.job),
      );
      for (const { claimed, outcome } of results) {
        const row = saved.get(keyOf(unit, claimed.job));
        if (row) this.apply(unit, row, claimed.owner, outcome);
      }
    });
    return results.map(() => undefined);
  }

  /** What the steps mean for the account. */
  private async settle(unit: UnitOfWork, results: Result<J>[]): Promise<void> {
    const { account, entity } = this.of;
    if (!account) return;
    const { limit } = account.provider;
    const unused = limit ? results.filter(({ claimed }) => account.isGranted(claimed.job)) : [];
    const pauses = results.flatMap(({ outcome }) => outcome.pause ?? []);
    const slowMs = Math.max(0, ...results.map(({ outcome }) => outcome.slowMs ?? 0));
    const probe = results.find(({ claimed }) => claimed.isProbe)?.outcome;
    if (unused.length + pauses.length + slowMs === 0 && !probe) return;
    const bucket = await account.lock(unit);
    if (limit) bucket.giveBack(limit, unused.length);
    if (limit && slowMs > 0) bucket.drain(limit, slowMs);
    for (const pause of pauses) account.pause(bucket, pause, unit.now);
    if (probe) await this.probed(unit, bucket, account, Math.max(0, ...pauses.map(({ ms }) => ms)), probe);
    unit.wake(entity, bucket.pausedMs(unit.now));
  }

  /** What waited for the one order that tried waits no longer, or until the next one tries. */
  private async probed(unit: UnitOfWork, bucket: Bucket, account: Account, pauseMs: number, outcome: Outcome<J>) {
    const { em, now } = unit;
    const isInOrder = !!outcome.accepted && pauseMs === 0;
    const at = isInOrder ? now : new Date(now.getTime() + (pauseMs || (outcome.dueInMs ?? 0)));
    const { tableName } = em.getMetadata().get(this.of.entity);
    await em.getConnection().execute(
      `update \`${tableName}\` set due_at = ?
       where due_at > ? and due_at <= ? and status = 'ordered' and lease_until is null and error_code = ?`,
      [at, at, bucket.pausedUntil ?? now, bucket.pauseCode],
      'run',
      em.getTransactionContext(),
    );
    if (isInOrder) account.lift(bucket);
    else bucket.pausedUntil = at;
    unit.wake(this.of.entity);
  }

  private apply(unit: UnitOfWork, saved: J, owner: string, outcome: Outcome<J>): void {
    const publish = this.of.publisher(unit, saved);
    if (saved.leaseOwner !== owner) {
      this.of.logger.warn({ taskId: saved.taskId }, 'the job was not ours any more when its outcome was there');
      if (!outcome.keep) return;
      outcome.keep(saved, publish);
      if (!isFinal(saved)) this.makeDue(unit, saved);
      return;
    }
    const woken = !!saved.dueAt && !!saved.leaseUntil && saved.dueAt < saved.leaseUntil;
    releaseLease(saved);
    if (isFinal(saved)) return outcome.keep?.(saved, publish);
    if (outcome.pause) this.of.delayed(saved, outcome.pause, publish);
    outcome.record?.(saved, publish);
    if (isFinal(saved)) return;
    this.makeDue(unit, saved, woken ? 0 : outcome.dueInMs);
  }

  /** At its deadline at the latest: then it ends, with what it waited for. */
  private makeDue(unit: UnitOfWork, saved: J, inMs = 0): void {
    const left = saved.deadline.getTime() - unit.now.getTime();
    const ms = Math.min(inMs, Math.max(0, left));
    saved.dueAt = new Date(unit.now.getTime() + ms);
    unit.wake(this.of.entity, ms);
  }

  private async reload(unit: UnitOfWork, claimed: J[]): Promise<Map<string, J>> {
    const meta = unit.em.getMetadata().get(this.of.entity);
    const keys = claimed.map(job => Object.fromEntries(meta.primaryKeys.map(key => [key, job[key as keyof J]])));
    // In key order, so that two processes lock rows alike.
    const rows = await unit.em.find(this.of.entity, { $or: keys } as FilterQuery<J>, {
      lockMode: LockMode.PESSIMISTIC_WRITE,
      orderBy: meta.primaryKeys.map(key => ({ [key]: 'asc' })) as never,
    });
    return new Map(rows.map(row => [keyOf(unit, row), row]));
  }
}

const keyOf = <J extends object>(unit: UnitOfWork, job: J): string =>
  unit.em
    .getMetadata()
    .get(job.constructor as EntityName<J>)
    .primaryKeys.map(key => String(job[key as keyof J]))
    .join('\n');
