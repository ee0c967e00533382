import { describe, expect, it } from '@jest/globals';
import { end, isFinal, newJob, type Job } from './job.ts';
import { calledBack, disown, draftSubmit, submitted, takeOver, voidSubmit, type PaidJob } from './paid-job.ts';

const cause = { messageId: 'message', traceparent: 'trace', at: new Date('2030-01-01T00:00:00Z') };
const now = new Date('2030-01-01T00:00:10Z');
const later = new Date('2030-01-01T00:00:20Z');
const ordered = (): PaidJob => ({
  taskId: 'task',
  revision: 1,
  jobIdConfirmed: false,
  ...newJob('2030-01-01T01:00:00Z', cause),
});
const submitting = () => {
  const job = ordered();
  draftSubmit(job);
  return Object.assign(job, { status: 'submitting' as const, submittedAt: now });
};
const failure = { code: 'REFUSED', reason: 'No.' };

describe('a job', () => {
  it('is due at once when it is new, by the clock of its cause', () => {
    expect(ordered()).toMatchObject({
      status: 'ordered',
      dueAt: cause.at,
      createdAt: cause.at,
      attempt: 0,
      tries: 0,
      deadline: new Date('2030-01-01T01:00:00Z'),
      causeId: 'message',
      traceparent: 'trace',
    });
  });

  it.each(['done', 'failed', 'expired'] as const)('is final and never due again when %s', status => {
    const job: Job = ordered();
    end(job, status, failure);
    expect(isFinal(job)).toBe(true);
    expect(job).toMatchObject({ status, dueAt: null, errorCode: 'REFUSED', errorReason: 'No.' });
    expect(job.endedAt).toBeInstanceOf(Date);
  });

  it('ignores late news when it has ended', () => {
    const job = ordered();
    end(job, 'done');
    end(job, 'failed', failure);
    expect(job).toMatchObject({ status: 'done' });
    expect(job.errorCode).toBeUndefined();
  });
});

describe('paid work', () => {
  it('has a token of its own for each attempt', () => {
    const job = ordered();
    draftSubmit(job);
    const { token } = job;
    expect(job).toMatchObject({ status: 'ordered', attempt: 1 });
    expect(token).toMatch(/^[\w-]{43}$/);
    draftSubmit(job);
    expect(job.attempt).toBe(2);
    expect(job.token).not.toBe(token);
  });

  it('waits for nothing of an attempt that ordered nothing', () => {
    const job = submitting();
    voidSubmit(job);
    expect(job).toMatchObject({ status: 'ordered', token: null, submittedAt: null });
    end(job, 'cancelled');
    voidSubmit(job);
    expect(job.status).toBe('cancelled');
  });

  it('that is taken over has been at the provider since it was submitted', () => {
    const [earlier, job] = [submitting(), ordered()];
    submitted(earlier, 'job-1', earlier.token as string);
    takeOver(job, earlier);
    expect(job).toMatchObject({ status: 'running', jobId: 'job-1', submittedAt: now, attempt: 0 });
    expect(earlier).toMatchObject({ status: 'cancelled', token: null });
  });

  it('is running when the provider has it', () => {
    const job = submitting();
    submitted(job, 'job-1', job.token as string);
    expect(job).toMatchObject({ status: 'running', jobId: 'job-1', jobIdConfirmed: true });
  });

  it('keeps the answer to its own attempt alone', () => {
    const job = submitting();
    submitted(job, 'job-0', 'the token of an earlier attempt');
    expect(job.jobId).toBeUndefined();
  });

  it('keeps an answer that comes after its end, and stays ended', () => {
    const job = submitting();
    end(job, 'failed', failure);
    submitted(job, 'job-1', job.token as string);
    expect(job).toMatchObject({ status: 'failed', jobId: 'job-1', jobIdConfirmed: true });
  });

  it('believes a callback nothing but an id, and that it is worth a look', () => {
    const job = submitting();
    calledBack(job, 'job-1', later);
    expect(job).toMatchObject({ status: 'submitting', jobId: 'job-1', jobIdConfirmed: false, dueAt: later });
  });

  it('does not let a callback replace an id it has', () => {
    const job = submitting();
    submitted(job, 'job-1', job.token as string);
    calledBack(job, 'forged', later);
    expect(job).toMatchObject({ jobId: 'job-1', jobIdConfirmed: true, dueAt: later });
  });

  it('is not due again by a callback after its end', () => {
    const job = submitting();
    end(job, 'failed', failure);
    calledBack(job, 'job-1', later);
    expect(job).toMatchObject({ status: 'failed', dueAt: null });
  });

  it('drops an id that the provider does not know, unless it has been confirmed or replaced', () => {
    const job = submitting();
    calledBack(job, 'forged', later);
    disown(job, 'another');
    expect(job.jobId).toBe('forged');
    disown(job, 'forged');
    expect(job).toMatchObject({ status: 'unknown', jobId: null });
    submitted(job, 'job-1', job.token as string);
    disown(job, 'job-1');
    expect(job).toMatchObject({ status: 'running', jobId: 'job-1' });
  });
});
