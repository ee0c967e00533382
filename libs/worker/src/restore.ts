import type { UnitOfWork } from '@castad/platform';
import { LockMode, type EntityName, type FilterQuery } from '@mikro-orm/core';
import { eraseDeleted, noteCancelled, type Through } from './cancellation.entity.ts';
import { isFinal, type Job } from './job.ts';
import type { PaidJob } from './paid-job.ts';

/** What an old message says about one row. */
export interface OldNews<J> {
  /** The row's key, as far as the message names it. */
  key: Through & Partial<J>;
  /**
   * Tells it to the row, or makes the row where there is none. What tells too little for that makes none: then none
   * is begun any more.
   * @param until nobody works on the row before that
   */
  tell: (row: J | undefined, until: Date) => J | undefined;
}

/** Rebuilds rows of one table: what is there already is only added to. */
export async function restoreRows<J extends Job & object>(
  unit: UnitOfWork,
  entity: EntityName<J>,
  news: OldNews<J>[],
  heldMs: number,
): Promise<void> {
  const { em, now } = unit;
  const tasks = news.map(({ key: { taskId, revision } }) => ({ taskId, revision }));
  const rows: J[] = await em.find(entity, { $or: tasks } as FilterQuery<J>, { lockMode: LockMode.PESSIMISTIC_WRITE });
  const byTask = Map.groupBy(rows, nameOf);
  const until = new Date(now.getTime() + heldMs);
  const bare: Through[] = [];
  for (const { key, tell } of news) {
    const ofTask = byTask.get(nameOf(key)) ?? [];
    const known = ofTask.find(row => isOf(row, key));
    const row = tell(known, until);
    if (!row) bare.push(key);
    else if (!known) {
      em.persist(row);
      byTask.set(nameOf(key), [...ofTask, row]);
    }
  }
  // A callback in the same transaction looks for its row by the token.
  await em.flush();
  await eraseDeleted(em, entity, [...new Set(tasks.map(({ taskId }) => taskId))]);
  if (bare.length > 0) await noteCancelled(em, bare);
}

/** A submit was begun: whether the provider took it is unknown, and it is not begun again. */
export function restoreBegun(job: PaidJob, attempt: number, token: string, until: Date): void {
  // An attempt that could not be noted for sure was noted again, with another token: the last one counts.
  const isNotedAgain = job.attempt === attempt && job.status === 'unknown' && !job.jobId && job.token !== token;
  if (isFinal(job) || (job.attempt >= attempt && !isNotedAgain)) return;
  Object.assign(job, { status: 'unknown', attempt, token, jobId: null, jobIdConfirmed: false });
  // The time to wait for its callback begins again: nobody was there to receive one.
  Object.assign(job, { submittedAt: until, dueAt: until });
}

/** The provider took the submit. The id may have come from a callback, so the provider is asked whether it is ours. */
export function restoreSubmitted(job: PaidJob, attempt: number, jobId: string, until: Date): void {
  if (job.attempt !== attempt || job.jobId) return;
  job.jobId = jobId;
  if (!isFinal(job)) Object.assign(job, { status: 'running', dueAt: until });
}

const nameOf = ({ taskId, revision }: { taskId: string; revision?: number }): string => `${taskId} ${revision}`;

const isOf = <J extends object>(row: J, key: Partial<J>): boolean =>
  Object.entries(key).every(([name, value]) => row[name as keyof J] === value);
