import { p } from '@mikro-orm/core';
import { randomBytes } from 'node:crypto';
import { end, errorDetailProperty, isFinal, jobColumns, jobProperties, type Job } from './job.ts';

/** The columns of a job whose provider is paid for each submit. */
export const paidJobProperties = {
  ...jobProperties,
  ...errorDetailProperty,
  /** Of the latest attempt; part of its callback address, so that a callback names its attempt. */
  token: p.string().length(43).nullable(),
  /** The provider's name for the work. */
  jobId: p.string().length(100).nullable(),
  /** Whether the id is the answer to our submit. One from a callback must be checked with the provider. */
  jobIdConfirmed: p.boolean(),
  /** When the call was let through; null: nothing was sent, or it was surely refused. */
  submittedAt: p.datetime(3).nullable(),
  /** The order whose paid work this one may take over. */
  retryOf: p.integer().nullable(),
};

export const paidJobColumns = `${jobColumns},
  token char(43) character set ascii null,
  job_id varchar(100) null,
  job_id_confirmed tinyint(1) not null default 0,
  submitted_at datetime(3) null`;

/** Came later than `paidJobColumns`. */
export const retryColumn = 'retry_of int null';

export interface PaidJob extends Job {
  revision: number;
  token?: string | null;
  jobId?: string | null;
  jobIdConfirmed: boolean;
  submittedAt?: Date | null;
  retryOf?: number | null;
}

/** The next attempt, as it is noted and sent. The row learns of it right before the call. */
export function draftSubmit(job: PaidJob): void {
  job.attempt += 1;
  job.token = randomBytes(32).toString('base64url');
}

/** The attempt surely ordered nothing: its token is nobody's any more, and nothing is to be waited for. */
export function voidSubmit(job: PaidJob): void {
  if (!isFinal(job)) job.status = 'ordered';
  Object.assign(job, { token: null, submittedAt: null });
}

/** Whether the row was left by the attempt with this token, and nothing is known to have come of it. */
export const isOfAttempt = (job: PaidJob, token: string): boolean => job.token === token && !job.jobId;

/** The provider has the work. Paid work is kept whatever has become of the row meanwhile. False: not of this attempt. */
export function submitted(job: PaidJob, jobId: string, token: string): boolean {
  if (job.token !== token) return false;
  job.jobId = jobId;
  job.jobIdConfirmed = true;
  if (!isFinal(job)) job.status = 'running';
  return true;
}

/**
 * A callback with this job's token: says which work it is, and that it is worth a look. Never what came of it. True:
 * until now nobody knew that the provider had taken the order.
 */
export function calledBack(job: PaidJob, jobId: string, now: Date): boolean {
  if (!isFinal(job)) job.dueAt = now;
  if (job.jobId) return false;
  job.jobId = jobId;
  return true;
}

/** Whether the row follows a job that an earlier order paid for, and has ordered nothing itself. */
export const isTakenOver = ({ attempt, jobId }: PaidJob): boolean => attempt === 0 && !!jobId;

/** Follows the earlier order's job instead of paying for another one. */
export function takeOver(job: PaidJob, earlier: PaidJob): void {
  const { jobId, jobIdConfirmed, token, submittedAt } = earlier;
  Object.assign(job, { jobId, jobIdConfirmed, token, submittedAt, status: 'running' });
  earlier.token = null;
  end(earlier, 'cancelled');
}

/** Nothing came of the job that the row follows: it orders another one. */
export function orderAnew(job: PaidJob): void {
  Object.assign(job, { status: 'ordered', tries: 0, jobId: null, jobIdConfirmed: false });
  Object.assign(job, { token: null, submittedAt: null });
}

/** The provider does not know this id, which came from a callback, as ours: the outcome is as unknown as before. */
export function disown(job: PaidJob, jobId: string): void {
  if (job.jobId !== jobId || job.jobIdConfirmed) return;
  job.jobId = null;
  job.status = 'unknown';
}

/** Since when the provider may be at work. */
export const since = (job: PaidJob): number => (job.submittedAt ?? job.createdAt).getTime();

/** Until when the callback of a submit of unknown outcome is waited for. */
export const graceEnd = (job: PaidJob, graceMs: number): number => since(job) + graceMs;

/** How long from now it is, and never beyond the deadline. */
export const graceLeft = (job: PaidJob, graceMs: number, now: Date): number =>
  Math.max(0, Math.min(graceEnd(job, graceMs), job.deadline.getTime()) - now.getTime());
