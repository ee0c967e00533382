import type { UnitOfWork } from '@castad/platform';
import { LockMode, type FilterQuery } from '@mikro-orm/core';
import type { Bench } from './bench.ts';
import type { CallbacksRead } from './callbacks-read.ts';
import { noteError } from './job.ts';
import type { Publish, Reason } from './outcome.ts';
import { graceEnd, takeOver, type PaidJob } from './paid-job.ts';

export const UNKNOWN: Reason = {
  code: 'OUTCOME_UNKNOWN',
  reason:
    'The order was sent to the provider and no answer came back, so it may have been paid for. It was not sent again.',
  retryable: true,
};

const LOOK_AGAIN_MS = 1_000;

const unanswered: ReadonlySet<string> = new Set(['submitting', 'unknown', 'cancelled']);

/** The order was sent, nobody knows what came of it, and nobody was told so: to order the same now may pay twice. */
export const isOutcomeOpen = ({ status, jobId, attempt, submittedAt, errorCode }: PaidJob): boolean =>
  !jobId && attempt > 0 && !!submittedAt && unanswered.has(status) && errorCode !== UNKNOWN.code;

/** What a kind of paid work says of two orders for it. */
interface Work<J> {
  isSameWork: (job: J, earlier: J) => boolean;
  takeResult: (job: J, earlier: J, publish: Publish) => void;
  fail: (saved: J, reason: Reason, publish: Publish) => void;
}

/** What an earlier order of the task has paid for, or may have, is not paid for again. */
export class EarlierOrders<J extends PaidJob & object> {
  constructor(
    private readonly of: Bench<J>,
    private readonly callbacksRead: CallbacksRead<J>,
    private readonly graceMs: number,
    private readonly work: Work<J>,
  ) {}

  /** Looks at rows that are about to be claimed: each is ended or put off, follows a paid job, or stays as it is. */
  async consider(jobs: J[], unit: UnitOfWork): Promise<void> {
    const later = jobs.filter(({ status, attempt, revision }) => status === 'ordered' && attempt === 0 && revision > 1);
    if (later.length === 0) return;
    const tasks = [...new Set(later.map(({ taskId }) => taskId))];
    const rows = await unit.em.find(this.of.entity, { taskId: { $in: tasks } } as FilterQuery<J>, {
      lockMode: LockMode.PESSIMISTIC_WRITE,
    });
    for (const job of later) {
      const retried = job.retryOf ? this.retried(job, rows) : undefined;
      const open = retried?.jobId ? undefined : this.open(job, rows);
      if (open) this.wait(unit, job, open);
      else if (job.retryOf) this.follow(unit, job, retried);
    }
  }

  /** The latest order before this one for the same work whose outcome is open. */
  private open(job: J, rows: J[]): J | undefined {
    return rows
      .filter(row => row.taskId === job.taskId && row.revision < job.revision && isOutcomeOpen(row))
      .filter(row => this.work.isSameWork(job, row))
      .sort((a, b) => b.revision - a.revision)[0];
  }

  /** The same work of the order that is retried; where that was a retry that came to nothing, of the one before it. */
  private retried(job: J, rows: J[]): J | undefined {
    const { taskId, retryOf } = job;
    const retried = rows.find(
      row => row.taskId === taskId && row.revision === retryOf && this.work.isSameWork(job, row),
    );
    return retried?.retryOf && retried.attempt === 0 && !retried.jobId ? this.retried(retried, rows) : retried;
  }

  /** Until it is known what came of the earlier order, or told that nobody knows. To pay again then is up to a person. */
  private wait(unit: UnitOfWork, job: J, open: J): void {
    job.retryOf = open.revision;
    const until = graceEnd(open, this.graceMs);
    if (unit.now.getTime() < until || !this.callbacksRead.isKnownUntil(until)) {
      job.dueAt = new Date(unit.now.getTime() + LOOK_AGAIN_MS);
      unit.wake(this.of.entity, LOOK_AGAIN_MS);
      return;
    }
    noteError(open, UNKNOWN);
    this.work.fail(job, UNKNOWN, this.of.publisher(unit, job));
  }

  private follow(unit: UnitOfWork, job: J, earlier: J | undefined): void {
    job.retryOf = null;
    if (earlier?.status === 'done') this.work.takeResult(job, earlier, this.of.publisher(unit, job));
    else if (earlier?.jobId) takeOver(job, earlier);
  }
}
