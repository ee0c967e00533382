import type { Message } from '@castad/contracts';
import { Backlog, Journal } from '@castad/messaging';
import type { UnitOfWork } from '@castad/platform';
import type { EntityName } from '@mikro-orm/core';
import { Inject } from '@nestjs/common';
import { backOffMs } from './back-off.ts';
import type { Bench } from './bench.ts';
import { CallbacksRead } from './callbacks-read.ts';
import { Callbacks, type Callback } from './callbacks.ts';
import { EarlierOrders, isOutcomeOpen, UNKNOWN } from './earlier-orders.ts';
import { Intents } from './intents.ts';
import { clearError, lastError, noteError } from './job.ts';
import type { Outcome, Publish, Reason } from './outcome.ts';
import { disown, graceLeft, isTakenOver, orderAnew, since, type PaidJob } from './paid-job.ts';
import { asProviderError, errorOf, pauseFor, slowFor, troubled } from './provider-errors.ts';
import { Submissions } from './submissions.ts';
import { Worker, type WorkerOptions } from './worker.ts';

export interface PaidWorkerOptions extends WorkerOptions {
  /** How often to ask for work in progress; a callback comes sooner. */
  pollMs: number;
  /** How long a submit of unknown outcome waits for its callback. */
  graceMs: number;
  /** Where callbacks arrive. */
  callbackTopic: string;
  /** How long the provider may work on one job. */
  limitMs: number;
}

const UNREAD_MS = 1_000;
const ONCE_MORE = 'It is ordered once more, and paid for again.';

const LOST: Reason = {
  code: 'PROVIDER_LOST_JOB',
  reason: 'The provider took the order and does not know it any more.',
  retryable: true,
};

/**
 * A worker whose submit costs money: at most one submit per row and attempt, and another attempt only after the first
 * is known to have failed.
 */
export abstract class PaidWorker<J extends PaidJob & object, Request = void> extends Worker<J> {
  @Inject(Journal) private readonly journal!: Journal;
  @Inject(Backlog) private readonly messageBacklog!: Backlog;
  private submissions!: Submissions<J, Request>;
  private callbacks!: Callbacks<J>;
  private callbacksRead!: CallbacksRead<J>;
  private earlierOrders!: EarlierOrders<J>;

  protected constructor(
    entity: EntityName<J>,
    private readonly paid: PaidWorkerOptions,
  ) {
    super(entity, paid);
  }

  /** Gathers what the submit sends; free, so whatever goes wrong here, nothing was ordered. @throws NotYet */
  protected abstract prepare(job: J): Promise<Request> | Request;

  /**
   * The one call that costs money. Returns the provider's job id.
   * @throws ProviderError, `refused` if surely nothing was ordered
   */
  protected abstract submit(job: J, request: Request): Promise<string>;

  /** Says that a submit is about to be made, with all that its row is made of. */
  protected abstract submitBegun(job: J): Message;

  /** Says that the provider took the order. */
  protected abstract submitTaken(saved: J): Message;

  /** Whether an earlier order's result would do for this one. */
  protected abstract isSameWork(job: J, earlier: J): boolean;

  /** Ends the job with the result of an earlier order. */
  protected abstract takeResult(job: J, earlier: J, publish: Publish): void;

  /**
   * Asks how the job stands; each call to the provider after `permitted`. Undefined: still working. `null`: the
   * provider does not know it, or not as ours.
   */
  protected abstract poll(job: J, jobId: string, now: Date): Promise<Outcome<J> | undefined | null>;

  /** The failing transition, with its event. */
  protected abstract fail(saved: J, reason: Reason, publish: Publish): void;

  override onApplicationBootstrap(): void {
    const bench = this.bench();
    this.submissions = this.submissionsBy(bench, new Intents(bench));
    this.callbacks = new Callbacks(bench, saved => this.submitTaken(saved));
    this.callbacksRead = new CallbacksRead(bench, this.messageBacklog, this.paid.callbackTopic);
    this.earlierOrders = new EarlierOrders(bench, this.callbacksRead, this.paid.graceMs, {
      isSameWork: (job, earlier) => this.isSameWork(job, earlier),
      takeResult: (job, earlier, publish) => this.takeResult(job, earlier, publish),
      fail: (saved, reason, publish) => this.fail(saved, reason, publish),
    });
    super.onApplicationBootstrap();
  }

  private submissionsBy(
    of: Pick<Bench<J>, 'account' | 'logger' | 'leaseMs'>,
    intents: Pick<Intents<J>, 'ask'>,
  ): Submissions<J, Request> {
    return new Submissions(of, intents, this.journal, {
      prepare: job => this.prepare(job),
      submit: (job, request) => this.submit(job, request),
      submitBegun: job => this.submitBegun(job),
      submitTaken: saved => this.submitTaken(saved),
      fail: (saved, reason, publish) => this.fail(saved, reason, publish),
      ...this.paid,
    });
  }

  /** For the handler of what somebody called back. */
  calledBack(unit: UnitOfWork, callback: Callback): void {
    this.callbacks.receive(unit, callback);
  }

  protected override begin(job: J): void {
    if (job.status !== 'ordered') job.status = job.jobId ? 'running' : 'unknown';
  }

  protected override callsProvider({ status, jobId }: J): boolean {
    return status === 'ordered' || !!jobId;
  }

  /** Until the call is let through nothing has happened. */
  protected override isFree({ status }: J): boolean {
    return status === 'ordered';
  }

  protected override admit(jobs: J[], unit: UnitOfWork): Promise<void> {
    return this.earlierOrders.consider(jobs, unit);
  }

  protected override expire(job: J, publish: Publish, unit: UnitOfWork): Promise<void> | void {
    if (isOutcomeOpen(job)) this.fail(job, UNKNOWN, publish);
    else if (job.attempt > 0 || job.errorCode)
      this.fail(
        job,
        lastError(job) ?? { code: 'DEADLINE_EXCEEDED', reason: 'The film was not finished in time.', retryable: true },
        publish,
      );
    else return super.expire(job, publish, unit);
  }

  protected async step(job: J, now: Date, isProbe = false): Promise<Outcome<J>> {
    if (job.status === 'ordered') return this.submissions.make(job, now, isProbe);
    const { jobId } = job;
    if (!jobId) return this.awaitCallback(job, now);
    const found = await this.poll(job, jobId, now);
    if (found) return found;
    return found === null ? this.notKnown(job, jobId, now) : this.stillWorking(job, now);
  }

  /** Asking is free: it goes on until the deadline, whoever is away or refuses us. */
  protected failed(job: J, thrown: Error): Outcome<J> {
    const error = asProviderError(thrown);
    const { code, detail } = error;
    this.logger.warn({ taskId: job.taskId, attempt: job.attempt, code, detail }, 'the provider could not be asked');
    if (!error.retriable && !error.account) return this.ending({ ...errorOf(error), retryable: false });
    return {
      record: saved => troubled(saved, error),
      dueInMs: Math.max(backOffMs(job.tries, error.retryAfterMs), this.pollFloor()),
      pause: pauseFor(error),
      slowMs: slowFor(error),
    };
  }

  /** The provider says that nothing comes of the job. */
  protected jobFailed(job: J, reason: Reason): Outcome<J> {
    const { code, detail } = reason;
    this.logger.warn({ taskId: job.taskId, attempt: job.attempt, code, detail }, 'nothing comes of a paid job');
    if (!this.mayOrderAnew(job, reason)) return this.ending(reason);
    const told = { ...reason, reason: `${reason.reason} ${ONCE_MORE}` };
    return {
      record: (saved, publish) => {
        this.delayed(saved, told, publish);
        noteError(saved, reason);
        this.orderAnew(saved);
      },
      dueInMs: 0,
    };
  }

  /** Whether another job is paid for where nothing came of this one. */
  protected mayOrderAnew(job: J, _reason: Reason): boolean {
    return isTakenOver(job);
  }

  /** The row orders a job of its own in place of the one that nothing came of. */
  protected orderAnew(saved: J): void {
    orderAnew(saved);
  }

  /** The provider has worked on it for longer than it may. */
  protected isOverdue(job: J, now: Date): boolean {
    return now.getTime() > since(job) + this.paid.limitMs;
  }

  protected ending(reason: Reason): Outcome<J> {
    return { record: (saved, publish) => this.fail(saved, reason, publish) };
  }

  /** Right before each call to the provider. @throws NotYet when it would be one too many */
  protected async permitted(job: J): Promise<void> {
    await this.account?.permit(job);
  }

  private async awaitCallback(job: J, now: Date): Promise<Outcome<J>> {
    const left = graceLeft(job, this.paid.graceMs, now);
    if (left > 0) return { dueInMs: left };
    if (!(await this.callbacksRead.isUntil(now.getTime()))) return { dueInMs: UNREAD_MS };
    return {
      record: (saved, publish) => {
        // A callback or a late answer may have come in this very moment.
        if (!saved.jobId) this.fail(saved, UNKNOWN, publish);
      },
    };
  }

  /** It may know the job a moment later; only one that it does not know for long is lost. */
  private notKnown(job: J, jobId: string, now: Date): Outcome<J> {
    if (!isTakenOver(job)) return job.jobIdConfirmed ? this.missed(job, now) : this.notOurs(job, jobId, now);
    const knownBy = since(job) + (job.jobIdConfirmed ? this.paid.limitMs : this.paid.graceMs);
    if (now.getTime() < knownBy) return { dueInMs: this.paid.pollMs };
    return job.jobIdConfirmed ? { record: saved => this.orderAnew(saved), dueInMs: 0 } : this.ending(UNKNOWN);
  }

  private missed(job: J, now: Date): Outcome<J> {
    return this.isOverdue(job, now) ? this.ending(LOST) : this.stillWorking(job, now);
  }

  private notOurs(job: J, jobId: string, now: Date): Outcome<J> {
    this.logger.warn({ taskId: job.taskId }, 'a callback named a job that is not ours');
    return { record: saved => disown(saved, jobId), dueInMs: graceLeft(job, this.paid.graceMs, now) };
  }

  private stillWorking(job: J, now: Date): Outcome<J> {
    if (this.isOverdue(job, now))
      return this.ending({
        code: 'PROVIDER_TOO_SLOW',
        reason: 'The provider did not finish in time.',
        retryable: true,
      });
    return { record: saved => clearError(saved), dueInMs: this.paid.pollMs };
  }

  private pollFloor(): number {
    return Math.min(this.paid.pollMs, 1_000);
  }
}
