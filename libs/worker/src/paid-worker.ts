import type { Message } from '@castad/contracts';
import { Backlog, Journal } from '@castad/messaging';
import { Pacemaker, ProviderError, toError, type UnitOfWork } from '@castad/platform';
import { LockMode, type EntityName, type FilterQuery } from '@mikro-orm/core';
import { Inject } from '@nestjs/common';
import { backOffMs } from './back-off.ts';
import { CallbacksRead } from './callbacks-read.ts';
import { Callbacks, type Callback } from './callbacks.ts';
import { isOutcomeOpen, openBefore, orderBefore, OUTCOME_UNKNOWN } from './earlier-order.ts';
import { Intents } from './intents.ts';
import { causeOf, clearError, isFinal, lastError, noteError } from './job.ts';
import { NotYet } from './not-yet.ts';
import type { Outcome, Publish, Reason } from './outcome.ts';
import {
  disown,
  draftSubmit,
  isOfAttempt,
  isTakenOver,
  orderAnew,
  since,
  submitted,
  takeOver,
  voidSubmit,
  type PaidJob,
} from './paid-job.ts';
import { asProviderError, errorOf, pauseFor } from './provider-errors.ts';
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

const NOT_NOTED_MS = 1_000;
const UNDER_WAY_MS = 1_000;
const UNREAD_MS = 1_000;
const ASK_AGAIN_MS = 500;

const UNKNOWN: Reason = {
  code: OUTCOME_UNKNOWN,
  reason:
    'The order was sent to the provider and no answer came back, so it may have been paid for. It was not sent again.',
  retryable: true,
};

/**
 * A worker whose submit costs money: at most one submit per row and attempt, and another attempt only after the first
 * is known to have failed.
 */
export abstract class PaidWorker<J extends PaidJob & object, Request = void> extends Worker<J> {
  @Inject(Journal) private readonly journal!: Journal;
  @Inject(Backlog) private readonly messageBacklog!: Backlog;
  private intents!: Intents<J>;
  private callbacks!: Callbacks<J>;
  private callbacksRead!: CallbacksRead<J>;

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
    this.intents = new Intents(bench);
    this.callbacks = new Callbacks(bench, saved => this.submitTaken(saved));
    this.callbacksRead = new CallbacksRead(bench, this.messageBacklog, this.paid.callbackTopic);
    super.onApplicationBootstrap();
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

  /** What an earlier order has paid for, or may have, is not paid for again. */
  protected override async admit(jobs: J[], unit: UnitOfWork): Promise<void> {
    const later = jobs.filter(({ status, attempt, revision }) => status === 'ordered' && attempt === 0 && revision > 1);
    if (later.length === 0) return;
    const tasks = [...new Set(later.map(({ taskId }) => taskId))];
    const rows = await unit.em.find(this.entity, { taskId: { $in: tasks } } as FilterQuery<J>, {
      lockMode: LockMode.PESSIMISTIC_WRITE,
    });
    for (const job of later) this.consider(unit, job, rows);
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
    if (job.status === 'ordered') return this.submitOnce(job, now, isProbe);
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
      record: saved => this.troubled(saved, error),
      dueInMs: Math.max(backOffMs(job.tries, error.retryAfterMs), this.pollFloor()),
      pause: pauseFor(error),
    };
  }

  /** The provider says that nothing comes of the job. */
  protected jobFailed(job: J, reason: Reason): Outcome<J> {
    const { code, detail } = reason;
    this.logger.warn({ taskId: job.taskId, attempt: job.attempt, code, detail }, 'nothing comes of a paid job');
    return isTakenOver(job) ? { record: saved => orderAnew(saved), dueInMs: 0 } : this.ending(reason);
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

  private async submitOnce(job: J, now: Date, isProbe: boolean): Promise<Outcome<J>> {
    let request: Request;
    try {
      draftSubmit(job);
      request = await this.prepare(job);
      await this.note(job);
    } catch (thrown) {
      return thrown instanceof NotYet ? this.notYet(thrown as NotYet<J>) : this.refused(job, asProviderError(thrown));
    }
    const notBegun = await this.begun(job, isProbe);
    if (notBegun) return notBegun;
    try {
      return this.taken(job, await this.submit(job, request));
    } catch (thrown) {
      const error = asProviderError(thrown);
      return error.refused ? this.refused(job, error) : this.unknown(job, error, now);
    }
  }

  private notYet({ lookAgainMs, record }: NotYet<J>): Outcome<J> {
    return { dueInMs: lookAgainMs, ...(record && { record }) };
  }

  /** Before the call: a lost database must not hide that it was made. */
  private async note(job: J): Promise<void> {
    try {
      await this.journal.write(this.submitBegun(job), causeOf(job));
    } catch (error) {
      this.logger.warn({ taskId: job.taskId, error: toError(error).message }, 'waiting to note a paid call');
      throw new NotYet(NOT_NOTED_MS);
    }
  }

  /** Undefined: the row says so, and the call is to be made now. */
  private async begun(job: J, isProbe: boolean): Promise<Outcome<J> | undefined> {
    job.status = 'submitting';
    const until = Date.now() + this.serviceConfig.WORKER_LEASE_MS;
    for (let isSure = true; ; isSure = false) {
      try {
        const { mayCall, waitMs } = await this.intents.ask({ job, isProbe });
        if (!mayCall) return isSure ? { dueInMs: waitMs } : this.notMade(job, waitMs);
        if (this.account?.provider.limit && !this.account.isGranted(job)) return this.notMade(job, ASK_AGAIN_MS);
        this.account?.use(job);
        return undefined;
      } catch (error) {
        if (Date.now() > until) return this.notMade(job, 0);
        this.logger.warn({ taskId: job.taskId, error: toError(error).message }, 'waiting to make a paid call');
        await new Pacemaker(ASK_AGAIN_MS).rest();
      }
    }
  }

  /** The row may say that the call was made; this process knows that it was not. */
  private notMade(job: J, dueInMs: number): Outcome<J> {
    const token = job.token as string;
    const undo = (saved: J) => {
      if (!isOfAttempt(saved, token)) return;
      voidSubmit(saved);
      saved.attempt -= 1;
    };
    return { record: undo, keep: undo, dueInMs };
  }

  private taken(job: J, jobId: string): Outcome<J> {
    const token = job.token as string;
    const save = (saved: J, publish: Publish) => {
      if (!submitted(saved, jobId, token)) return;
      if (!isFinal(saved)) clearError(saved);
      publish(this.submitTaken(saved));
    };
    this.logger.log({ taskId: job.taskId, attempt: job.attempt, jobId }, 'submitted');
    return { record: save, keep: save, dueInMs: this.paid.pollMs, accepted: true };
  }

  /** Nothing was ordered: what may be accepted later is tried until the deadline. */
  private refused(job: J, error: ProviderError): Outcome<J> {
    const { retriable, account, code, detail } = error;
    const again = account || retriable;
    this.logger.warn({ taskId: job.taskId, attempt: job.attempt, code, again, detail }, 'the submit was refused');
    const token = job.token as string;
    const record = (saved: J, publish: Publish) => {
      voidSubmit(saved);
      if (again) this.troubled(saved, error);
      else this.fail(saved, { ...errorOf(error), retryable: false }, publish);
    };
    return {
      record,
      keep: (saved, publish) => {
        if (!isOfAttempt(saved, token)) return;
        if (isFinal(saved)) voidSubmit(saved);
        else record(saved, publish);
      },
      dueInMs: backOffMs(job.tries, error.retryAfterMs),
      pause: pauseFor(error),
    };
  }

  private unknown(job: J, error: ProviderError, now: Date): Outcome<J> {
    const { taskId, attempt } = job;
    const { code, detail } = error;
    this.logger.error({ taskId, attempt, code, detail }, 'the outcome of a paid call is unknown');
    return {
      record: saved => {
        saved.status = 'unknown';
      },
      dueInMs: this.graceLeft(job, now),
      pause: pauseFor(error),
    };
  }

  private async awaitCallback(job: J, now: Date): Promise<Outcome<J>> {
    const left = this.graceLeft(job, now);
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
    if (!isTakenOver(job)) return job.jobIdConfirmed ? this.stillWorking(job, now) : this.notOurs(job, jobId, now);
    const knownBy = since(job) + (job.jobIdConfirmed ? this.paid.limitMs : this.paid.graceMs);
    if (now.getTime() < knownBy) return { dueInMs: this.paid.pollMs };
    return job.jobIdConfirmed ? { record: saved => orderAnew(saved), dueInMs: 0 } : this.ending(UNKNOWN);
  }

  private notOurs(job: J, jobId: string, now: Date): Outcome<J> {
    this.logger.warn({ taskId: job.taskId }, 'a callback named a job that is not ours');
    return { record: saved => disown(saved, jobId), dueInMs: this.graceLeft(job, now) };
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

  private troubled(saved: J, error: ProviderError): void {
    saved.tries += 1;
    noteError(saved, errorOf(error));
  }

  private graceLeft(job: J, now: Date): number {
    return Math.max(0, Math.min(this.graceEnd(job), job.deadline.getTime()) - now.getTime());
  }

  private graceEnd(job: J): number {
    return since(job) + this.paid.graceMs;
  }

  private pollFloor(): number {
    return Math.min(this.paid.pollMs, 1_000);
  }

  private consider(unit: UnitOfWork, job: J, rows: J[]): void {
    const isSameWork = (a: J, b: J) => this.isSameWork(a, b);
    const before = job.retryOf ? orderBefore(job, rows, isSameWork) : undefined;
    const open = before?.jobId ? undefined : openBefore(job, rows, isSameWork);
    if (open) this.await(unit, job, open);
    else if (job.retryOf) this.follow(unit, job, before);
  }

  /** Until it is known what came of the earlier order, or told that nobody knows. To pay again then is up to a person. */
  private await(unit: UnitOfWork, job: J, open: J): void {
    job.retryOf = open.revision;
    const graceEnd = this.graceEnd(open);
    if (unit.now.getTime() < graceEnd || !this.callbacksRead.isKnownUntil(graceEnd)) {
      job.dueAt = new Date(unit.now.getTime() + UNDER_WAY_MS);
      unit.wake(this.entity, UNDER_WAY_MS);
      return;
    }
    noteError(open, UNKNOWN);
    this.fail(job, UNKNOWN, this.publisher(unit, job));
  }

  private follow(unit: UnitOfWork, job: J, earlier: J | undefined): void {
    job.retryOf = null;
    if (earlier?.status === 'done') this.takeResult(job, earlier, this.publisher(unit, job));
    else if (earlier?.jobId) takeOver(job, earlier);
  }
}
