import { p } from '@mikro-orm/core';
import type { Cause } from '@castad/messaging';
import type { Reason } from './outcome.ts';

/**
 * `ordered`: to be done. `submitting`: a paid call was begun by whoever holds the lease. `unknown`: it was begun and
 * nobody knows how it ended. `running`: the provider works on it. The others are final.
 */
export type JobStatus = 'ordered' | 'submitting' | 'unknown' | 'running' | FinalStatus;
export type FinalStatus = 'done' | 'failed' | 'expired' | 'cancelled';

const final: ReadonlySet<JobStatus> = new Set<FinalStatus>(['done', 'failed', 'expired', 'cancelled']);

/** The columns that make a table's rows jobs. */
export const jobProperties = {
  status: p.string().length(12).$type<JobStatus>(),
  /** When it is next worth a look; null: never again, or not before somebody sets it. */
  dueAt: p.datetime(3).nullable(),
  /** Calls begun that cost something. */
  attempt: p.integer(),
  /** Failures in a row of what may be repeated. */
  tries: p.integer(),
  /** After it no provider is called for this row. */
  deadline: p.datetime(3),
  leaseOwner: p.string().length(36).nullable(),
  leaseUntil: p.datetime(3).nullable(),
  causeId: p.string().length(36),
  traceparent: p.string().length(55),
  errorCode: p.string().length(64).nullable(),
  errorReason: p.string().length(1000).nullable(),
  createdAt: p.datetime(3),
  endedAt: p.datetime(3).nullable(),
};

/** For jobs that call a provider: its own words about the error. */
export const errorDetailProperty = { errorDetail: p.string().length(1000).nullable() };

/** Came later than `jobColumns`. */
export const errorDetailColumn = 'error_detail varchar(1000) null';

/** The columns of `jobProperties`, for a migration. */
export const jobColumns = `
  status varchar(12) character set ascii not null,
  due_at datetime(3) null,
  attempt int not null,
  tries int not null,
  deadline datetime(3) not null,
  lease_owner char(36) character set ascii null,
  lease_until datetime(3) null,
  cause_id char(36) character set ascii not null,
  traceparent varchar(55) character set ascii not null,
  error_code varchar(64) null,
  error_reason varchar(1000) null,
  created_at datetime(3) not null,
  ended_at datetime(3) null`;

/** A row that a worker works off. */
export interface Job {
  taskId: string;
  /** The order that it is of. */
  revision?: number;
  status: JobStatus;
  dueAt?: Date | null;
  attempt: number;
  tries: number;
  deadline: Date;
  leaseOwner?: string | null;
  leaseUntil?: Date | null;
  causeId: string;
  traceparent: string;
  errorCode?: string | null;
  errorReason?: string | null;
  errorDetail?: string | null;
  createdAt: Date;
  endedAt?: Date | null;
}

/** The job part of a new row: due at once. `deadline` is ISO 8601. */
export function newJob(deadline: string, cause: Cause): Omit<Job, 'taskId' | 'revision'> {
  const now = cause.at ?? new Date();
  return {
    status: 'ordered',
    dueAt: now,
    attempt: 0,
    tries: 0,
    deadline: new Date(deadline),
    causeId: cause.messageId,
    traceparent: cause.traceparent,
    createdAt: now,
  };
}

export const isFinal = (job: Job): boolean => final.has(job.status);

export const causeOf = (job: Job): Cause => ({ messageId: job.causeId, traceparent: job.traceparent });

export function releaseLease(job: Job): void {
  job.leaseOwner = null;
  job.leaseUntil = null;
}

/** What went wrong, as a row keeps it. */
export interface JobError {
  code: string;
  reason: string;
  detail?: string;
}

export function noteError(job: Job, { code, reason, detail }: JobError): void {
  Object.assign(job, { errorCode: code, errorReason: reason, errorDetail: detail ?? null });
}

/** All is well again. */
export function clearError(job: Job): void {
  Object.assign(job, { tries: 0, errorCode: null, errorReason: null, errorDetail: null });
}

/** What a job that has run out of time failed for. */
export const lastError = ({ errorCode: code, errorReason, errorDetail }: Job): Reason | undefined =>
  code
    ? { code, reason: errorReason ?? code, retryable: true, ...(errorDetail && { detail: errorDetail }) }
    : undefined;

/** Ends a job. A final job stays as it is: late news changes nothing. */
export function end(job: Job, status: FinalStatus, error?: JobError): void {
  if (isFinal(job)) return;
  job.status = status;
  job.dueAt = null;
  // Of cancelled work the lease stays while it lasts: an answer that is under way is then known as its own.
  if (status !== 'cancelled') releaseLease(job);
  job.endedAt = new Date();
  if (error) noteError(job, error);
}
