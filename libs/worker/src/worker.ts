import { message, StageDelayed, type Stage } from '@castad/contracts';
import { Outbox } from '@castad/messaging';
import {
  Database,
  Lifecycle,
  Metrics,
  Pacemaker,
  ServiceConfig,
  Spacing,
  toError,
  type UnitOfWork,
} from '@castad/platform';
import type { EntityName } from '@mikro-orm/core';
import { Inject, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Account } from './account.ts';
import type { Bench } from './bench.ts';
import type { Pause } from './bucket.entity.ts';
import { cancelRows, type Through } from './cancellation.entity.ts';
import { Claims, type Claimed } from './claims.ts';
import { causeOf, end, noteError, type Job } from './job.ts';
import { Leases } from './leases.ts';
import { NotYet } from './not-yet.ts';
import type { Outcome, Publish } from './outcome.ts';
import type { ProviderAccount } from './rate-limit.ts';
import { Recorder } from './recorder.ts';
import { restoreRows, type OldNews } from './restore.ts';

export interface WorkerOptions {
  /** Jobs in progress at once in this process. */
  concurrency: number;
  /** With whom the steps spend something. */
  account?: ProviderAccount;
  /** Whether new rows are due at once. Default: yes. */
  dueAtOnce?: boolean;
}

const MAX_BATCH = 500;
const SPACING_MS = 50;
const MAX_GATHER_MS = 250;
/** So much a timer may be ahead of the clock that rows are due by. */
const TIMER_SLACK_MS = 5;
const MAX_FAILURE_PAUSE_MS = 5_000;

/**
 * Works off the due rows of one table. `step` runs with no transaction and no connection; outcomes that arrive together
 * are recorded in one transaction.
 */
export abstract class Worker<J extends Job & object> implements OnApplicationBootstrap {
  protected readonly logger = new Logger(this.constructor.name);
  @Inject(Database) protected readonly database!: Database;
  @Inject(Outbox) private readonly outbox!: Outbox;
  @Inject(Lifecycle) private readonly lifecycle!: Lifecycle;
  @Inject(ServiceConfig) protected readonly serviceConfig!: ServiceConfig;
  @Inject(Metrics) private readonly metrics!: Metrics;

  protected account?: Account;
  private leases!: Leases<J>;
  private claims!: Claims<J>;
  private recorder!: Recorder<J>;
  private readonly active = new Map<J, string>();
  private readonly spacing = new Spacing(SPACING_MS);
  private pace!: Pacemaker;
  private backlog = false;
  private claimedAt = 0;
  private stopping = false;
  private ended?: Promise<void>;
  private renewal?: NodeJS.Timeout;

  protected constructor(
    protected readonly entity: EntityName<J>,
    private readonly options: WorkerOptions,
  ) {}

  /** Does one piece of slow work for a claimed row: calls a provider, says what to record. @throws NotYet */
  protected abstract step(job: J, now: Date, isProbe: boolean): Promise<Outcome<J>>;

  /** Says what to record when `step` threw. */
  protected abstract failed(job: J, error: Error, now: Date): Outcome<J>;

  /** Changes a row that is being claimed, in the claim's transaction. */
  protected begin(_job: J, _now: Date): void {}

  /** A row met after its deadline: the end, without a call. */
  protected expire(job: J, _publish: Publish, _unit: UnitOfWork): Promise<void> | void {
    end(job, 'expired');
  }

  /** Looks at rows before they are claimed, in the claim's transaction; what it ends or puts off is not claimed. */
  protected admit(_jobs: J[], _unit: UnitOfWork): Promise<void> | void {}

  /** Whether the next step buys something: not while the account is refused. */
  protected spends(job: J): boolean {
    return job.status === 'ordered';
  }

  /** Whether the next step calls the provider at all. */
  protected callsProvider(_job: J): boolean {
    return true;
  }

  /** Whether another process may do the step over without any loss while this one is still at it. */
  protected isFree(_job: J): boolean {
    return false;
  }

  /** What waits for the work. */
  protected stageOf(_job: J): Stage | undefined {
    return undefined;
  }

  onApplicationBootstrap(): void {
    const { database, entity, lifecycle, metrics } = this;
    const { WORKER_LEASE_MS: leaseMs, WORKER_POLL_MS } = this.serviceConfig;
    this.pace = new Pacemaker(WORKER_POLL_MS);
    this.leases = new Leases(database, entity, leaseMs);
    const bench = this.bench();
    this.claims = new Claims(bench, this.leases);
    this.recorder = new Recorder(bench);
    if (this.options.dueAtOnce !== false) database.onCommitted(entity, ms => this.wake(ms));
    lifecycle.onDrain('workers', () => this.stop());
    this.renewal = setInterval(() => void this.renew(), leaseMs / 3);
    const gauge = metrics.gauge('castad_jobs_active', 'Jobs in progress in this process');
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

  private wake(afterMs: number): void {
    if (afterMs === 0) this.pace.wake();
    else setTimeout(() => this.pace.wake(), afterMs + TIMER_SLACK_MS).unref();
  }

  protected publisher(unit: UnitOfWork, job: J): Publish {
    return message => this.outbox.add(unit, message, causeOf(job));
  }

  /** What the worker's parts work with. */
  protected bench(): Bench<J> {
    const { database, entity, logger, lifecycle, metrics } = this;
    const { WORKER_LEASE_MS: leaseMs } = this.serviceConfig;
    const { account: provider } = this.options;
    const account = (this.account ??= provider && new Account(provider, { database, lifecycle, metrics, logger }));
    return {
      ...{ database, entity, account, logger, leaseMs },
      publisher: (unit, job) => this.publisher(unit, job),
      delayed: (job, pause, publish) => this.delayed(job, pause, publish),
      admit: (jobs, unit) => this.admit(jobs, unit),
      begin: (job, now) => this.begin(job, now),
      expire: (job, publish, unit) => this.expire(job, publish, unit),
      spends: job => this.spends(job),
      callsProvider: job => this.callsProvider(job),
    };
  }

  private async run(report: (active: number) => void): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        for (const one of await this.claims.takeUp()) void this.work(one);
        const free = this.places - this.active.size;
        const gatherMs = this.gatherMs(free);
        if (free > 0 && gatherMs === 0) {
          await this.spacing.begin();
          await this.start(Math.min(free, MAX_BATCH));
          this.claimedAt = performance.now();
          report(this.active.size);
        }
        failures = 0;
        await this.pace.rest(gatherMs || undefined);
      } catch (error) {
        this.logger.warn({ error: toError(error).message, failures: ++failures }, 'cannot claim jobs');
        await this.pace.rest(Math.min(100 * 2 ** failures, MAX_FAILURE_PAUSE_MS));
      }
    }
  }

  /**
   * How long to wait for more free places under load: one claim costs as much for one row as for twenty. Never for
   * long: the other places may be taken for minutes.
   */
  private gatherMs(free: number): number {
    if (!this.backlog || free === 0 || free >= Math.floor(this.places / 4)) return 0;
    return Math.max(0, this.claimedAt + MAX_GATHER_MS - performance.now());
  }

  /** A call that waited for a socket would reach a provider with a limit later than it was let through. */
  private get places(): number {
    const { concurrency, account } = this.options;
    return account?.limit ? Math.min(concurrency, this.serviceConfig.HTTP_MAX_SOCKETS) : concurrency;
  }

  private async start(limit: number): Promise<void> {
    const { claimed, more } = await this.claims.claim(limit);
    this.backlog = more;
    this.spacing.carried(claimed.length);
    for (const one of claimed) void this.work(one);
    // What ended without a call left its place free.
    if (more && claimed.length < limit) this.pace.wake();
  }

  /** Tells, once for each reason, what a stage waits for. */
  private delayed(job: J, pause: Omit<Pause, 'ms'>, publish: Publish): void {
    const { code, reason, detail } = pause;
    const { taskId, revision, errorCode } = job;
    const stage = this.stageOf(job);
    if (stage && revision !== undefined && errorCode !== code)
      publish(message(StageDelayed, { taskId, revision, stage, code, reason, ...(detail && { detail }) }));
    noteError(job, pause);
  }

  private async work(claimed: Claimed<J>): Promise<void> {
    const { job, owner, now, isProbe } = claimed;
    this.active.set(job, owner);
    try {
      const outcome = await this.step(job, now, isProbe).catch((error: unknown) => this.notDone(job, error, now));
      // What was given back is somebody else's by now.
      if (this.active.has(job) || outcome.keep) await this.recorder.record(claimed, outcome);
    } catch (error) {
      // The lease runs out and the row is met again: nothing is lost, only later.
      this.logger.error({ taskId: job.taskId, error: toError(error).message }, 'an outcome could not be recorded');
    } finally {
      this.active.delete(job);
      if (this.backlog || this.stopping) this.pace.wake();
    }
  }

  private notDone(job: J, error: unknown, now: Date): Outcome<J> {
    return error instanceof NotYet ? { dueInMs: error.lookAgainMs } : this.failed(job, toError(error), now);
  }

  /** What can end in time ends; the rest goes back, so that another process need not wait for our leases. */
  private async stop(): Promise<void> {
    this.stopping = true;
    this.pace.wake();
    await this.ended;
    const deadline = Date.now() + this.serviceConfig.SHUTDOWN_TIMEOUT_MS * 0.8;
    await this.giveBack([...this.active.keys()].filter(job => this.isFree(job)));
    while (this.active.size > 0 && Date.now() < deadline) await this.pace.rest(100);
    await this.giveBack([...this.active.keys()]);
    clearInterval(this.renewal);
  }

  private async giveBack(jobs: J[]): Promise<void> {
    const owners = jobs.map(job => this.active.get(job) as string);
    for (const job of jobs) this.active.delete(job);
    await this.leases
      .giveBack(owners)
      .catch((error: unknown) => this.logger.warn({ error: toError(error).message }, 'leases were not given back'));
  }

  private async renew(): Promise<void> {
    await this.leases
      .renew([...this.active.values()])
      .catch((error: unknown) => this.logger.warn({ error: toError(error).message }, 'leases were not renewed'));
  }
}
