import type { Message } from '@castad/contracts';
import { Outbox, Pacemaker } from '@castad/messaging';
import {
  Batcher,
  Database,
  Lifecycle,
  Metrics,
  ServiceConfig,
  Spacing,
  toError,
  type UnitOfWork,
} from '@castad/platform';
import { LockMode, type EntityName, type FilterQuery } from '@mikro-orm/core';
import { Inject, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { cancelRows, endCancelled, type Through } from './cancellation.entity.ts';
import { causeOf, end, isFinal, releaseLease, type Job } from './job.ts';
import { Bucket, lockBucket, type RateLimit } from './rate-limit.ts';
import { restoreRows, type OldNews } from './restore.ts';

export type Publish = (message: Message) => void;

/** What a step leaves to be recorded. Without `dueInMs` the job is final. */
export interface Outcome<J> {
  /** Changes the reloaded, locked row; only while this worker still holds the lease. */
  record?(saved: J, publish: Publish): void;
  /** The same when the lease ran out or the job was cancelled meanwhile: for what must never be lost. */
  keep?(saved: J, publish: Publish): void;
  /** When to look again, unless somebody wakes the job before. */
  dueInMs?: number;
  /** The provider's account is refused: nobody should call it for so long. */
  pauseMs?: number;
}

export interface WorkerOptions {
  /** Jobs in progress at once in this process. */
  concurrency: number;
  rate?: RateLimit;
  /** Whether new rows are due at once. Default: yes. */
  dueAtOnce?: boolean;
}

const MAX_BATCH = 500;
const SPACING_MS = 50;
const MAX_FAILURE_PAUSE_MS = 5_000;
const KEEP_TRYING_MS = 10 * 60_000;

/**
 * Works off the due rows of one table. A claim takes rows and writes the intent in one transaction; `step` runs with
 * no transaction and no connection; outcomes that arrive together are recorded in one transaction.
 */
export abstract class Worker<J extends Job & object> implements OnApplicationBootstrap {
  protected readonly logger = new Logger(this.constructor.name);
  @Inject(Database) protected readonly database!: Database;
  @Inject(Outbox) private readonly outbox!: Outbox;
  @Inject(Lifecycle) private readonly lifecycle!: Lifecycle;
  @Inject(ServiceConfig) private readonly serviceConfig!: ServiceConfig;
  @Inject(Metrics) private readonly metrics!: Metrics;

  private readonly outcomes = new Batcher<{ claimed: J; owner: string; outcome: Outcome<J> }>(items =>
    this.recordAll(items),
  );
  private readonly active = new Map<J, string>();
  private readonly spacing = new Spacing(SPACING_MS);
  private pace!: Pacemaker;
  private backlog = false;
  private stopping = false;
  private ended?: Promise<void>;
  private renewal?: NodeJS.Timeout;

  protected constructor(
    protected readonly entity: EntityName<J>,
    private readonly options: WorkerOptions,
  ) {}

  /** Does one piece of slow work for a claimed row: calls a provider, says what to record. */
  protected abstract step(job: J, now: Date): Promise<Outcome<J>>;

  /** Says what to record when `step` threw. */
  protected abstract failed(job: J, error: Error, now: Date): Outcome<J>;

  /** Writes the intent of a row that is being claimed, in the claim's transaction. */
  protected begin(_job: J, _now: Date): void {}

  /** A row met after its deadline: the end, without a call. */
  protected expire(job: J, _publish: Publish, _unit: UnitOfWork): Promise<void> | void {
    end(job, 'expired');
  }

  /** Looks at rows before they are claimed, in the claim's transaction; what it ends or puts off is not claimed. */
  protected admit(_jobs: J[], _unit: UnitOfWork): Promise<void> | void {}

  /** How many calls to the provider the next step can make. */
  protected calls(_job: J): number {
    return 1;
  }

  onApplicationBootstrap(): void {
    this.pace = new Pacemaker(this.serviceConfig.WORKER_POLL_MS);
    if (this.options.dueAtOnce !== false) this.database.onCommitted(this.entity, () => this.pace.wake());
    this.lifecycle.onDrain('workers', () => this.stop());
    this.renewal = setInterval(() => void this.renew(), this.serviceConfig.WORKER_LEASE_MS / 3);
    const gauge = this.metrics.gauge('castad_jobs_active', 'Jobs in progress in this process');
    gauge.set(0);
    this.ended = this.run(active => gauge.set(active));
  }

  /**
   * Ends what is not over of this task up to and including `revision`, and begins no more of it. What a provider was
   * already asked for cannot be called back: its answer is kept, and not continued.
   */
  cancel(unit: UnitOfWork, taskId: string, revision: number): void {
    unit.together(this.cancelAll, { taskId, revision });
  }

  private readonly cancelAll = (unit: UnitOfWork, cancelled: Through[]): Promise<void> =>
    cancelRows(unit.em, this.entity, cancelled);

  /**
   * Rebuilds a row from an old message about it. Nobody works on the row for the time of a lease: more old news of it
   * may follow.
   */
  restore(unit: UnitOfWork, news: OldNews<J>): void {
    unit.together(this.restoreAll, news);
  }

  private readonly restoreAll = (unit: UnitOfWork, news: OldNews<J>[]): Promise<void> =>
    restoreRows(unit, this.entity, news, this.serviceConfig.WORKER_LEASE_MS);

  /** Looks for due rows soon. */
  protected wake(afterMs = 0): void {
    if (afterMs <= 0) this.pace.wake();
    else setTimeout(() => this.pace.wake(), afterMs).unref();
  }

  private async stop(): Promise<void> {
    this.stopping = true;
    this.pace.wake();
    await this.ended;
    const deadline = Date.now() + this.serviceConfig.SHUTDOWN_TIMEOUT_MS * 0.8;
    while (this.active.size > 0 && Date.now() < deadline) await this.pace.rest(100);
    clearInterval(this.renewal);
  }

  private async run(report: (active: number) => void): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        const free = this.options.concurrency - this.active.size;
        // Under load, wait until a few places are free: one claim costs as much for one row as for twenty.
        if (free > 0 && (!this.backlog || free >= Math.floor(this.options.concurrency / 4))) {
          await this.spacing.begin();
          const limit = Math.min(free, MAX_BATCH);
          const { claimed, more } = await this.claim(limit);
          this.backlog = more;
          this.spacing.carried(claimed.length);
          for (const { job, owner } of claimed) void this.work(job, owner);
          // What ended without a call left its place free.
          if (more && claimed.length < limit) this.wake();
          report(this.active.size);
        }
        failures = 0;
      } catch (error) {
        this.logger.warn({ error: toError(error).message, failures: ++failures }, 'cannot claim jobs');
      }
      await this.pace.rest(failures > 0 ? Math.min(100 * 2 ** failures, MAX_FAILURE_PAUSE_MS) : undefined);
    }
  }

  /** `more`: there may be more rows that could be started now. */
  private async claim(limit: number): Promise<{ claimed: { job: J; owner: string }[]; more: boolean }> {
    const { WORKER_LEASE_MS } = this.serviceConfig;
    return this.database.transaction('background', async unit => {
      const { now } = unit;
      const bucket = this.options.rate && (await lockBucket(unit.em, this.options.rate, now));
      const pausedMs = bucket?.pausedMs(now) ?? 0;
      if (pausedMs > 0) {
        this.wake(pausedMs);
        return { claimed: [], more: false };
      }
      const due = await unit.em.find(
        this.entity,
        {
          dueAt: { $lte: now },
          $or: [{ leaseUntil: null }, { leaseUntil: { $lte: now } }],
        } as unknown as FilterQuery<J>,
        { orderBy: { dueAt: 'asc' } as never, limit, lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE },
      );
      await endCancelled(unit.em, due);
      await this.admit(
        due.filter(job => !isFinal(job) && job.deadline > now),
        unit,
      );
      const claimed: { job: J; owner: string }[] = [];
      for (const job of due) {
        if (isFinal(job) || !job.dueAt || job.dueAt > now) continue;
        if (job.deadline <= now) {
          await this.expire(job, this.publisher(unit, job), unit);
          continue;
        }
        if (bucket && !take(bucket, this.calls(job))) {
          this.wake(1000 / (this.options.rate?.perSecond ?? 1));
          return { claimed, more: false };
        }
        const owner = randomUUID();
        this.begin(job, now);
        job.leaseOwner = owner;
        job.leaseUntil = new Date(now.getTime() + WORKER_LEASE_MS);
        // A due time before the lease's end then means: somebody woke the job while it was being worked on.
        job.dueAt = job.leaseUntil;
        claimed.push({ job, owner });
      }
      return { claimed, more: due.length === limit };
    });
  }

  private async work(job: J, owner: string): Promise<void> {
    this.active.set(job, owner);
    try {
      const now = await this.database.now();
      const outcome = await this.step(job, now).catch((error: unknown) => this.failed(job, toError(error), now));
      await this.record(job, owner, outcome);
    } catch (error) {
      // The lease runs out and the row is met again: nothing is lost, only later.
      this.logger.error({ taskId: job.taskId, error: toError(error).message }, 'an outcome could not be recorded');
    } finally {
      this.active.delete(job);
      if (this.backlog || this.stopping) this.wake();
    }
  }

  /** Keeps trying until the lease is over, and longer for what must never be lost. */
  private async record(claimed: J, owner: string, outcome: Outcome<J>): Promise<void> {
    const until = Date.now() + Math.max(this.serviceConfig.WORKER_LEASE_MS, outcome.keep ? KEEP_TRYING_MS : 0);
    for (let round = 1; ; round++) {
      try {
        return await this.outcomes.add({ claimed, owner, outcome });
      } catch (error) {
        if (Date.now() > until) throw error;
        this.logger.warn(
          { taskId: claimed.taskId, error: toError(error).message, round },
          'waiting to record an outcome',
        );
        await new Pacemaker(Math.min(100 * 2 ** round, MAX_FAILURE_PAUSE_MS)).rest();
      }
    }
  }

  private async recordAll(items: { claimed: J; owner: string; outcome: Outcome<J> }[]): Promise<void[]> {
    await this.database.transaction('background', async unit => {
      const saved = await this.reload(
        unit,
        items.map(({ claimed }) => claimed),
      );
      for (const { claimed, owner, outcome } of items) {
        const row = saved.get(keyOf(unit, claimed));
        if (row) this.apply(unit, row, owner, outcome);
      }
      const pauseMs = Math.max(0, ...items.map(({ outcome }) => outcome.pauseMs ?? 0));
      if (pauseMs > 0) await this.pause(unit, pauseMs);
    });
    return items.map(() => undefined);
  }

  private apply(unit: UnitOfWork, saved: J, owner: string, outcome: Outcome<J>): void {
    const publish = this.publisher(unit, saved);
    if (saved.leaseOwner !== owner) {
      this.logger.warn({ taskId: saved.taskId }, 'the job was not ours any more when its outcome was there');
      if (!outcome.keep) return;
      outcome.keep(saved, publish);
      if (!isFinal(saved)) this.makeDue(unit, saved);
      return;
    }
    const woken = !!saved.dueAt && !!saved.leaseUntil && saved.dueAt < saved.leaseUntil;
    releaseLease(saved);
    if (isFinal(saved)) return outcome.keep?.(saved, publish);
    outcome.record?.(saved, publish);
    if (isFinal(saved)) return;
    this.makeDue(unit, saved, woken ? 0 : outcome.dueInMs);
  }

  protected publisher(unit: UnitOfWork, job: J): Publish {
    return message => this.outbox.add(unit, message, causeOf(job));
  }

  private makeDue(unit: UnitOfWork, saved: J, inMs = 0): void {
    saved.dueAt = new Date(unit.now.getTime() + inMs);
    if (inMs > 0) this.wake(inMs);
    else unit.wake(this.entity);
  }

  private async reload(unit: UnitOfWork, claimed: J[]): Promise<Map<string, J>> {
    const meta = unit.em.getMetadata().get(this.entity);
    const keys = claimed.map(job => Object.fromEntries(meta.primaryKeys.map(key => [key, job[key as keyof J]])));
    // In key order, so that two processes lock rows alike.
    const rows = await unit.em.find(this.entity, { $or: keys } as FilterQuery<J>, {
      lockMode: LockMode.PESSIMISTIC_WRITE,
      orderBy: meta.primaryKeys.map(key => ({ [key]: 'asc' })) as never,
    });
    return new Map(rows.map(row => [keyOf(unit, row), row]));
  }

  private async pause({ em, now }: UnitOfWork, ms: number): Promise<void> {
    if (!this.options.rate) return;
    const bucket = await lockBucket(em, this.options.rate, now);
    bucket.pause(new Date(now.getTime() + ms));
    this.logger.error({ provider: this.options.rate.name, ms }, 'the provider refuses the account; pausing');
  }

  private async renew(): Promise<void> {
    const owners = [...this.active.values()];
    if (owners.length === 0) return;
    const until = new Date((await this.database.now()).getTime() + this.serviceConfig.WORKER_LEASE_MS);
    await this.database
      .transaction('background', async ({ em }) => {
        const { tableName } = em.getMetadata().get(this.entity);
        await em.getConnection().execute(
          `update \`${tableName}\` set due_at = if(due_at = lease_until, ?, due_at), lease_until = ?
           where lease_owner in (${owners.map(() => '?').join(', ')})`,
          [until, until, ...owners],
          'run',
          em.getTransactionContext(),
        );
      })
      .catch((error: unknown) => this.logger.warn({ error: toError(error).message }, 'leases were not renewed'));
  }
}

const keyOf = <J extends object>(unit: UnitOfWork, job: J): string =>
  unit.em
    .getMetadata()
    .get(job.constructor as EntityName<J>)
    .primaryKeys.map(key => String(job[key as keyof J]))
    .join('\n');

function take(bucket: Bucket, calls: number): boolean {
  if (bucket.tokens < calls) return false;
  bucket.tokens -= calls;
  return true;
}
