import { message, StageDelayed, type Format, type Stage } from '@castad/contracts';
import { Outbox } from '@castad/messaging';
import { Database, Lifecycle, Metrics, ServiceConfig, toError, type UnitOfWork } from '@castad/platform';
import type { EntityName } from '@mikro-orm/core';
import { Inject, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Account } from './account.ts';
import type { Bench } from './bench.ts';
import type { Pause } from './bucket.entity.ts';
import { cancelRows, eraseRows, type Through } from './cancellation.entity.ts';
import { Claiming } from './claiming.ts';
import { Claims, type Claimed } from './claims.ts';
import { causeOf, end, noteError, type Job } from './job.ts';
import { JobsInProgress } from './jobs-in-progress.ts';
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
}

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
  private jobs!: JobsInProgress<J>;
  private claiming!: Claiming<J>;
  private recorder!: Recorder<J>;

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

  /** The film that waits for it, where there may be several. */
  protected formatOf(_job: J): Format | undefined {
    return undefined;
  }

  /** Whether that is but a preview of the film. */
  protected isPreview(_job: J): boolean {
    return false;
  }

  onApplicationBootstrap(): void {
    const { database, entity, lifecycle, logger, metrics, places } = this;
    const { WORKER_LEASE_MS: leaseMs, WORKER_POLL_MS: pollMs } = this.serviceConfig;
    const { name } = entity as { name: string };
    const gauge = metrics.gauge('castad_jobs_active', 'Jobs in progress in this process', ['job']);
    const bench = this.bench();
    const leases = new Leases(database, entity, leaseMs);
    this.recorder = new Recorder(bench);
    this.jobs = new JobsInProgress(leases, leaseMs, {
      places,
      logger,
      report: count => gauge.set({ job: name }, count),
    });
    const work = (claimed: Claimed<J>) => void this.work(claimed);
    this.claiming = new Claiming(new Claims(bench, leases), this.jobs, { places, pollMs, logger, work });
    database.onDue(entity, this.claiming);
    lifecycle.onDrain('workers', () => this.stop());
    this.claiming.start();
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

  /** Erases all of a deleted task; nothing of it is begun any more. What a provider was asked for is followed no longer. */
  erase(unit: UnitOfWork, taskId: string): void {
    unit.together(this.eraseAll, taskId);
  }

  private readonly eraseAll = (unit: UnitOfWork, taskIds: string[]): Promise<void> =>
    eraseRows(unit.em, this.entity, taskIds);

  /**
   * Rebuilds a row from an old message about it. Nobody works on the row for the time of a lease: more old news of it
   * may follow.
   */
  restore(unit: UnitOfWork, news: OldNews<J>): void {
    unit.together(this.restoreAll, news);
  }

  private readonly restoreAll = (unit: UnitOfWork, news: OldNews<J>[]): Promise<void> =>
    restoreRows(unit, this.entity, news, this.serviceConfig.WORKER_LEASE_MS);

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

  /** A call that waited for a socket would reach a provider with a limit later than it was let through. */
  private get places(): number {
    const { concurrency, account } = this.options;
    return account?.limit ? Math.min(concurrency, this.serviceConfig.HTTP_MAX_SOCKETS) : concurrency;
  }

  /** Tells, once for each reason, what a stage waits for. */
  protected delayed(job: J, pause: Omit<Pause, 'ms'>, publish: Publish): void {
    const { code, reason, detail } = pause;
    const { taskId, revision, errorCode } = job;
    const stage = this.stageOf(job);
    const format = this.formatOf(job);
    if (stage && revision !== undefined && errorCode !== code)
      publish(
        message(StageDelayed, {
          ...{ taskId, revision, stage, code, reason },
          ...(format && { format }),
          ...(this.isPreview(job) && { preview: true }),
          ...(detail && { detail }),
        }),
      );
    noteError(job, pause);
  }

  private async work(claimed: Claimed<J>): Promise<void> {
    const { job, now, isProbe } = claimed;
    this.jobs.add(claimed);
    try {
      const outcome = await this.step(job, now, isProbe).catch((error: unknown) => this.notDone(job, error, now));
      // What was given back is somebody else's by now.
      if (this.jobs.has(job) || outcome.keep) await this.recorder.record(claimed, outcome);
    } catch (error) {
      // The lease runs out and the row is met again: nothing is lost, only later.
      this.logger.error({ taskId: job.taskId, error: toError(error).message }, 'an outcome could not be recorded');
    } finally {
      this.jobs.delete(job);
      this.claiming.left();
    }
  }

  private notDone(job: J, error: unknown, now: Date): Outcome<J> {
    return error instanceof NotYet ? { dueInMs: error.lookAgainMs } : this.failed(job, toError(error), now);
  }

  /** What can end in time ends; the rest goes back, so that another process need not wait for our leases. */
  private async stop(): Promise<void> {
    const deadline = Date.now() + this.serviceConfig.SHUTDOWN_TIMEOUT_MS * 0.8;
    await this.claiming.stop(deadline);
    await this.jobs.giveBack(job => this.isFree(job));
    await this.claiming.until(() => this.jobs.size === 0, deadline);
    await this.jobs.giveBack(() => true);
    this.jobs.end();
  }
}
