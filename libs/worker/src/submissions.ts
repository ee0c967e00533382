import type { Message } from '@castad/contracts';
import type { Journal } from '@castad/messaging';
import { Pacemaker, toError, type ProviderError } from '@castad/platform';
import { backOffMs } from './back-off.ts';
import type { Bench } from './bench.ts';
import type { Intents } from './intents.ts';
import { causeOf, clearError, isFinal } from './job.ts';
import { NotYet } from './not-yet.ts';
import type { Outcome, Publish, Reason } from './outcome.ts';
import { draftSubmit, graceLeft, isOfAttempt, submitted, voidSubmit, type PaidJob } from './paid-job.ts';
import { asProviderError, errorOf, pauseFor, slowFor, troubled } from './provider-errors.ts';

/** What a kind of paid work says of its submit. */
export interface Submit<J, Request> {
  prepare: (job: J) => Promise<Request> | Request;
  submit: (job: J, request: Request) => Promise<string>;
  submitBegun: (job: J) => Message;
  submitTaken: (saved: J) => Message;
  fail: (saved: J, reason: Reason, publish: Publish) => void;
  pollMs: number;
  graceMs: number;
}

const NOT_NOTED_MS = 1_000;
const ASK_AGAIN_MS = 500;

/** Makes paid calls, each at most once: prepared, noted with the broker, let through by its row, and then made. */
export class Submissions<J extends PaidJob & object, Request> {
  constructor(
    private readonly of: Pick<Bench<J>, 'account' | 'logger' | 'leaseMs'>,
    private readonly intents: Pick<Intents<J>, 'ask'>,
    private readonly journal: Journal,
    private readonly kind: Submit<J, Request>,
  ) {}

  async make(job: J, now: Date, isProbe: boolean): Promise<Outcome<J>> {
    let request: Request;
    try {
      draftSubmit(job);
      request = await this.kind.prepare(job);
      await this.note(job);
    } catch (thrown) {
      return thrown instanceof NotYet ? notYet(thrown as NotYet<J>) : this.refused(job, asProviderError(thrown));
    }
    const notBegun = await this.begun(job, isProbe);
    if (notBegun) return notBegun;
    try {
      return this.taken(job, await this.kind.submit(job, request));
    } catch (thrown) {
      const error = asProviderError(thrown);
      return error.refused ? this.refused(job, error) : this.unknown(job, error, now);
    }
  }

  /** Before the call: a lost database must not hide that it was made. */
  private async note(job: J): Promise<void> {
    try {
      await this.journal.write(this.kind.submitBegun(job), causeOf(job));
    } catch (error) {
      this.of.logger.warn({ taskId: job.taskId, error: toError(error).message }, 'waiting to note a paid call');
      throw new NotYet(NOT_NOTED_MS);
    }
  }

  /** Undefined: the row says so, and the call is to be made now. */
  private async begun(job: J, isProbe: boolean): Promise<Outcome<J> | undefined> {
    job.status = 'submitting';
    const until = Date.now() + this.of.leaseMs;
    for (let isSure = true; ; isSure = false) {
      try {
        const { mayCall, waitMs } = await this.intents.ask({ job, isProbe });
        if (!mayCall) return isSure ? { dueInMs: waitMs } : notMade(job, waitMs);
        if (this.of.account?.provider.limit && !this.of.account.isGranted(job)) return notMade(job, ASK_AGAIN_MS);
        this.of.account?.use(job);
        return undefined;
      } catch (error) {
        if (Date.now() > until) return notMade(job, 0);
        this.of.logger.warn({ taskId: job.taskId, error: toError(error).message }, 'waiting to make a paid call');
        await new Pacemaker(ASK_AGAIN_MS).rest();
      }
    }
  }

  private taken(job: J, jobId: string): Outcome<J> {
    const token = job.token as string;
    const save = (saved: J, publish: Publish) => {
      if (!submitted(saved, jobId, token)) return;
      if (!isFinal(saved)) clearError(saved);
      publish(this.kind.submitTaken(saved));
    };
    this.of.logger.log({ taskId: job.taskId, attempt: job.attempt, jobId }, 'submitted');
    return { record: save, keep: save, dueInMs: this.kind.pollMs, accepted: true };
  }

  /** Nothing was ordered: what may be accepted later is tried until the deadline. */
  private refused(job: J, error: ProviderError): Outcome<J> {
    const { retriable, account, code, detail } = error;
    const again = account || (retriable && job.tries + 1 < error.maxTries);
    this.of.logger.warn({ taskId: job.taskId, attempt: job.attempt, code, again, detail }, 'the submit was refused');
    const token = job.token as string;
    const record = (saved: J, publish: Publish) => {
      voidSubmit(saved);
      if (again) troubled(saved, error);
      else this.kind.fail(saved, { ...errorOf(error), retryable: retriable }, publish);
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
      slowMs: slowFor(error),
    };
  }

  private unknown(job: J, error: ProviderError, now: Date): Outcome<J> {
    const { taskId, attempt } = job;
    const { code, detail } = error;
    this.of.logger.error({ taskId, attempt, code, detail }, 'the outcome of a paid call is unknown');
    return {
      record: saved => {
        saved.status = 'unknown';
      },
      dueInMs: graceLeft(job, this.kind.graceMs, now),
      pause: pauseFor(error),
    };
  }
}

const notYet = <J>({ lookAgainMs, record }: NotYet<J>): Outcome<J> => ({
  dueInMs: lookAgainMs,
  ...(record && { record }),
});

/** The row may say that the call was made; this process knows that it was not. */
function notMade<J extends PaidJob>(job: J, dueInMs: number): Outcome<J> {
  const token = job.token as string;
  const undo = (saved: J) => {
    if (!isOfAttempt(saved, token)) return;
    voidSubmit(saved);
    saved.attempt -= 1;
  };
  return { record: undo, keep: undo, dueInMs };
}
