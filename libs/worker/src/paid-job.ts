import { p } from '@mikro-orm/core';
import { randomBytes } from 'node:crypto';
import { isFinal, jobColumns, jobProperties, type Job } from './job.ts';

/** The columns of a job whose provider is paid for each submit. */
export const paidJobProperties = {
  ...jobProperties,
  /** Of the latest attempt; part of its callback address, so that a callback names its attempt. */
  token: p.string().length(43).nullable(),
  /** The provider's name for the work. */
  jobId: p.string().length(100).nullable(),
  /** Whether the id is the answer to our submit. One from a callback must be checked with the provider. */
  jobIdConfirmed: p.boolean(),
  submittedAt: p.datetime(3).nullable(),
};

export const paidJobColumns = `${jobColumns},
  token char(43) character set ascii null,
  job_id varchar(100) null,
  job_id_confirmed tinyint(1) not null default 0,
  submitted_at datetime(3) null`;

export interface PaidJob extends Job {
  token?: string | null;
  jobId?: string | null;
  jobIdConfirmed: boolean;
  submittedAt?: Date | null;
}

/** Anything else in a callback's address is nobody's token; the database would not even compare it. */
export const isToken = (text: string): boolean => /^[\w-]{43}$/.test(text);

/** The intent: committed before the call, so that a crash in the middle is seen afterwards. */
export function beginSubmit(job: PaidJob, now: Date): void {
  job.status = 'submitting';
  job.attempt += 1;
  job.token = randomBytes(32).toString('base64url');
  job.submittedAt = now;
}

/** The provider has the work. Paid work is kept whatever has become of the row meanwhile. */
export function submitted(job: PaidJob, jobId: string, token: string): void {
  if (job.token !== token) return;
  job.jobId = jobId;
  job.jobIdConfirmed = true;
  if (!isFinal(job)) job.status = 'running';
}

/** A callback with this job's token: says which work it is, and that it is worth a look. Never what came of it. */
export function calledBack(job: PaidJob, jobId: string, now: Date): void {
  job.jobId ??= jobId;
  if (!isFinal(job)) job.dueAt = now;
}

/** The provider does not know this id, which came from a callback, as ours: the outcome is as unknown as before. */
export function disown(job: PaidJob, jobId: string): void {
  if (job.jobId !== jobId || job.jobIdConfirmed) return;
  job.jobId = null;
  job.status = 'unknown';
}
