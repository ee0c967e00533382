import type { Message } from '@castad/contracts';
import { Journal } from '@castad/messaging';
import { AppError, Batcher, ProviderError, toError, type UnitOfWork } from '@castad/platform';
import { LockMode, type EntityName, type FilterQuery } from '@mikro-orm/core';
import { Inject } from '@nestjs/common';
import { backOffMs } from './back-off.ts';
import { causeOf } from './job.ts';
import {
  beginSubmit,
  calledBack,
  disown,
  isSubmitUnderWay,
  isTakenOver,
  orderAnew,
  orderBefore,
  submitted,
  takeOver,
  type PaidJob,
} from './paid-job.ts';
import { Worker, type Outcome, type Publish, type WorkerOptions } from './worker.ts';

/** What a failed stage says of itself. */
export interface Reason {
  code: string;
  reason: string;
  retryable: boolean;
  /** The provider's own code and words, redacted and bounded. */
  detail?: string;
}

export interface PaidWorkerOptions extends WorkerOptions {
  /** How often to ask for work in progress; a callback comes sooner. */
  pollMs: number;
  /** How long a submit of unknown outcome waits for its callback. */
  graceMs: number;
  /** How long the provider may work on one job. */
  limitMs: number;
}

/** The submit was not begun: something it needs is not there yet. */
export class NotYet extends Error {
  constructor(readonly lookAgainMs: number) {
    super('not yet');
  }
}

const MAX_SUBMIT_TRIES = 8;
const ACCOUNT_PAUSE_MS = 60_000;
const NOT_NOTED_MS = 1_000;
const UNDER_WAY_MS = 1_000;

const OUTCOME_UNKNOWN: Reason = {
  code: 'OUTCOME_UNKNOWN',
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
  private readonly callbacks = new Batcher<{ token: string; jobId: string }, boolean>(items => this.wakeAll(items));

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

  /** Asks how the job stands. Undefined: still working. `null`: the provider does not know it as ours. */
  protected abstract poll(job: J, jobId: string): Promise<Outcome<J> | undefined | null>;

  /** The failing transition, with its event. */
  protected abstract fail(saved: J, reason: Reason, publish: Publish): void;

  /** Somebody called back with this token. False: nobody's token. */
  calledBack(token: string, jobId: string): Promise<boolean> {
    return this.callbacks.add({ token, jobId });
  }

  protected override begin(job: J, now: Date): void {
    if (job.status === 'ordered') beginSubmit(job, now);
    else if (job.jobId) job.status = 'running';
    else job.status = 'unknown';
  }

  /** A retry pays for nothing that the order before it has paid for. */
  protected override async admit(jobs: J[], unit: UnitOfWork): Promise<void> {
    const retries = jobs.filter(({ retryOf }) => retryOf);
    if (retries.length === 0) return;
    const tasks = [...new Set(retries.map(({ taskId }) => taskId))];
    const rows = await unit.em.find(this.entity, { taskId: { $in: tasks } } as FilterQuery<J>, {
      lockMode: LockMode.PESSIMISTIC_WRITE,
    });
    for (const job of retries) {
      const earlier = orderBefore(job, rows, (a, b) => this.isSameWork(a, b));
      if (earlier && isSubmitUnderWay(earlier, unit.now)) this.putOff(job, unit.now);
      else this.follow(unit, job, earlier);
    }
  }

  protected override expire(job: J, publish: Publish, unit: UnitOfWork): Promise<void> | void {
    if (job.status === 'submitting' || (job.status === 'unknown' && !job.jobId))
      this.fail(job, OUTCOME_UNKNOWN, publish);
    else if (job.attempt > 0)
      this.fail(
        job,
        lastError(job) ?? { code: 'DEADLINE_EXCEEDED', reason: 'The film was not finished in time.', retryable: true },
        publish,
      );
    else return super.expire(job, publish, unit);
  }

  protected async step(job: J, now: Date): Promise<Outcome<J>> {
    if (job.status === 'submitting') return this.submitOnce(job, now);
    if (!job.jobId) return this.awaitCallback(job, now);
    const { jobId } = job;
    const found = await this.poll(job, jobId);
    if (found) return found;
    if (found === null && !job.jobIdConfirmed) {
      this.logger.warn({ taskId: job.taskId }, 'a callback named a job that is not ours');
      return { record: saved => disown(saved, jobId), dueInMs: this.graceLeft(job, now) };
    }
    return this.stillWorking(job, now);
  }

  /** A call that may be repeated failed: look again later. Only the provider's limit ends paid work. */
  protected failed(job: J, error: Error, now: Date): Outcome<J> {
    const { code, message, retriable, retryAfterMs, account } = asProviderError(error);
    if (!retriable && !account) return this.ending({ code, reason: message, retryable: false });
    if (this.isOverdue(job, now)) return this.ending({ code, reason: message, retryable: true });
    return {
      record: saved => noteError(saved, code, message),
      dueInMs: Math.max(backOffMs(job.tries, retryAfterMs), this.pollFloor()),
      pauseMs: account ? (retryAfterMs ?? ACCOUNT_PAUSE_MS) : undefined,
    };
  }

  /** The provider says that nothing comes of the job. */
  protected jobFailed(job: J, reason: Reason): Outcome<J> {
    return isTakenOver(job) ? { record: saved => orderAnew(saved), dueInMs: 0 } : this.ending(reason);
  }

  protected ending(reason: Reason): Outcome<J> {
    return { record: (saved, publish) => this.fail(saved, reason, publish) };
  }

  private async submitOnce(job: J, now: Date): Promise<Outcome<J>> {
    let request: Request;
    try {
      request = await this.prepare(job);
      await this.note(job);
    } catch (thrown) {
      return thrown instanceof NotYet ? this.notBegun(thrown) : this.refused(job, asProviderError(thrown));
    }
    try {
      return this.taken(job, await this.submit(job, request));
    } catch (thrown) {
      const error = asProviderError(thrown);
      return error.refused ? this.refused(job, error) : this.unknown(job, error, now);
    }
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

  private taken(job: J, jobId: string): Outcome<J> {
    const token = job.token as string;
    const save = (saved: J, publish: Publish) => {
      if (!submitted(saved, jobId, token)) return;
      saved.tries = 0;
      publish(this.submitTaken(saved));
    };
    this.logger.log({ taskId: job.taskId, attempt: job.attempt, jobId }, 'submitted');
    return { record: save, keep: save, dueInMs: this.paid.pollMs };
  }

  private notBegun({ lookAgainMs }: NotYet): Outcome<J> {
    return {
      record: saved => {
        saved.status = 'ordered';
        saved.attempt -= 1;
      },
      dueInMs: lookAgainMs,
    };
  }

  private refused(job: J, { code, message, retriable, account, retryAfterMs }: ProviderError): Outcome<J> {
    const again = account || (retriable && job.tries < MAX_SUBMIT_TRIES);
    this.logger.warn({ taskId: job.taskId, attempt: job.attempt, code, again }, 'the submit was refused');
    if (!again) return this.ending({ code, reason: message, retryable: retriable });
    return {
      record: saved => {
        saved.status = 'ordered';
        noteError(saved, code, message);
      },
      dueInMs: backOffMs(job.tries, retryAfterMs),
      pauseMs: account ? (retryAfterMs ?? ACCOUNT_PAUSE_MS) : undefined,
    };
  }

  private unknown(job: J, { code }: ProviderError, now: Date): Outcome<J> {
    this.logger.error({ taskId: job.taskId, attempt: job.attempt, code }, 'the outcome of a paid call is unknown');
    return { record: saved => (saved.status = 'unknown'), dueInMs: this.graceLeft(job, now) };
  }

  private awaitCallback(job: J, now: Date): Outcome<J> {
    const left = this.graceLeft(job, now);
    if (left > 0) return { dueInMs: left };
    return {
      record: (saved, publish) => {
        // A callback or a late answer may have come in this very moment.
        if (!saved.jobId) this.fail(saved, OUTCOME_UNKNOWN, publish);
      },
    };
  }

  private stillWorking(job: J, now: Date): Outcome<J> {
    if (this.isOverdue(job, now))
      return this.ending({
        code: 'PROVIDER_TOO_SLOW',
        reason: 'The provider did not finish in time.',
        retryable: true,
      });
    return { record: saved => (saved.tries = 0), dueInMs: this.paid.pollMs };
  }

  private graceLeft(job: J, now: Date): number {
    return Math.max(0, Math.min(since(job) + this.paid.graceMs, job.deadline.getTime()) - now.getTime());
  }

  private isOverdue(job: J, now: Date): boolean {
    return now.getTime() > since(job) + this.paid.limitMs;
  }

  private pollFloor(): number {
    return Math.min(this.paid.pollMs, 1_000);
  }

  private putOff(job: J, now: Date): void {
    job.dueAt = new Date(now.getTime() + UNDER_WAY_MS);
    this.wake(UNDER_WAY_MS);
  }

  private follow(unit: UnitOfWork, job: J, earlier: J | undefined): void {
    job.retryOf = null;
    if (earlier?.status === 'done') this.takeResult(job, earlier, this.publisher(unit, job));
    else if (earlier?.jobId) takeOver(job, earlier);
  }

  private async wakeAll(items: { token: string; jobId: string }[]): Promise<boolean[]> {
    const known = await this.database.transaction('requests', async unit => {
      const jobs = await unit.em.find(
        this.entity,
        { token: { $in: items.map(({ token }) => token) } } as FilterQuery<J>,
        {
          lockMode: LockMode.PESSIMISTIC_WRITE,
        },
      );
      const byToken = new Map(jobs.map(job => [job.token, job]));
      for (const { token, jobId } of items) {
        const job = byToken.get(token);
        if (job && calledBack(job, jobId, unit.now)) this.publisher(unit, job)(this.submitTaken(job));
      }
      unit.wake(this.entity);
      return byToken;
    });
    return items.map(({ token }) => known.has(token));
  }
}

const since = (job: PaidJob): number => (job.submittedAt ?? job.createdAt).getTime();

function noteError(job: PaidJob, code: string, reason: string): void {
  job.tries += 1;
  job.errorCode = code;
  job.errorReason = reason;
}

const lastError = ({ errorCode, errorReason }: PaidJob): Reason | undefined =>
  errorCode ? { code: errorCode, reason: errorReason ?? errorCode, retryable: true } : undefined;

/** Anything but a provider's own word is a fault of ours, and for a submit an unknown outcome. */
function asProviderError(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const cause = toError(thrown);
  if (thrown instanceof AppError)
    return new ProviderError(thrown.code, thrown.message, { retriable: thrown.retriable, cause });
  return new ProviderError('INTERNAL_ERROR', 'Something went wrong on our side.', { cause, retriable: true });
}
