import type { PaidJob } from './paid-job.ts';

export const OUTCOME_UNKNOWN = 'OUTCOME_UNKNOWN';

const unanswered: ReadonlySet<string> = new Set(['submitting', 'unknown', 'cancelled']);

/** The order was sent, nobody knows what came of it, and nobody was told so: to order the same now may pay twice. */
export const isOutcomeOpen = ({ status, jobId, attempt, submittedAt, errorCode }: PaidJob): boolean =>
  !jobId && attempt > 0 && !!submittedAt && unanswered.has(status) && errorCode !== OUTCOME_UNKNOWN;

/** The latest order before this one for the same work whose outcome is open. */
export const openBefore = <J extends PaidJob>(job: J, rows: J[], isSameWork: (a: J, b: J) => boolean): J | undefined =>
  rows
    .filter(row => row.taskId === job.taskId && row.revision < job.revision && isOutcomeOpen(row))
    .filter(row => isSameWork(job, row))
    .sort((a, b) => b.revision - a.revision)[0];

/** The same work of the order before; where that was a retry that came to nothing, of the one before it. */
export function orderBefore<J extends PaidJob>(job: J, rows: J[], isSameWork: (a: J, b: J) => boolean): J | undefined {
  const before = rows.find(row => row.taskId === job.taskId && row.revision === job.retryOf && isSameWork(job, row));
  return before?.retryOf && before.attempt === 0 && !before.jobId ? orderBefore(before, rows, isSameWork) : before;
}
