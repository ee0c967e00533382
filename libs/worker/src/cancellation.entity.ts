import { noteDeleted } from '@castad/messaging';
import { defineEntity, LockMode, p, type EntityName, type FilterQuery } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import { end, isFinal, type Job } from './job.ts';

const schema = defineEntity({
  name: 'Cancellation',
  tableName: 'cancellation',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer(),
  },
});

/** Nothing is begun any more for this task up to and including `revision`. */
export class Cancellation extends schema.class {}
schema.setClass(Cancellation);

/** Through every revision there may be: the task is deleted. */
export const EVER = 2 ** 31 - 1;

/** What is cancelled of a task. */
export type Through = Pick<Cancellation, 'taskId' | 'revision'>;

/** Notes cancellations in the transaction; of several for one task the latest revision counts. */
export async function noteCancelled(em: EntityManager, cancelled: Through[]): Promise<void> {
  const sql = `insert into cancellation (task_id, revision) values ${cancelled.map(() => '(?, ?)').join(', ')}
    on duplicate key update revision = greatest(revision, values(revision))`;
  const values = cancelled.flatMap(({ taskId, revision }) => [taskId, revision]);
  await em.getConnection().execute(sql, values, 'run', em.getTransactionContext());
}

/** Ends what is not over of the cancelled work, and lets no more of it begin. */
export async function cancelRows<J extends Job & object>(
  em: EntityManager,
  entity: EntityName<J>,
  cancelled: Through[],
): Promise<void> {
  await noteCancelled(em, cancelled);
  const through = cancelled.map(({ taskId, revision }) => ({ taskId, revision: { $lte: revision } }));
  const lockMode = LockMode.PESSIMISTIC_WRITE;
  for (const job of await em.find(entity, { $or: through } as FilterQuery<J>, { lockMode })) end(job, 'cancelled');
}

/** Erases the rows of tasks that are deleted, and notes that nothing is begun for these, nor handled of them, any more. */
export async function eraseRows<J extends Job & object>(
  em: EntityManager,
  entity: EntityName<J>,
  taskIds: string[],
): Promise<void> {
  await noteDeleted(em, taskIds);
  await noteCancelled(
    em,
    taskIds.map(taskId => ({ taskId, revision: EVER })),
  );
  await deleteRows(em, entity, taskIds);
}

/**
 * Of jobs that may have been made after the order to cancel or erase them was handled: ends the cancelled ones, erases
 * those of deleted tasks, and returns the others. A job without a revision is of no order, and nothing ends it.
 */
export async function wanted<J extends Job & object>(
  em: EntityManager,
  entity: EntityName<J>,
  jobs: J[],
): Promise<J[]> {
  const taskIds = [...new Set(jobs.flatMap(({ taskId, revision }) => (revision === undefined ? [] : [taskId])))];
  if (taskIds.length === 0) return jobs;
  const through = await eraseDeleted(em, entity, taskIds);
  const left = jobs.filter(({ taskId }) => through.get(taskId) !== EVER);
  for (const job of left) if ((job.revision ?? Infinity) <= (through.get(job.taskId) ?? -1)) end(job, 'cancelled');
  return left.filter(job => !isFinal(job));
}

/**
 * Erases rows, made in this transaction, of tasks that are deleted. Returns through which revision the tasks are
 * cancelled. A cancellation that is not committed yet is waited for: it may not have seen these rows.
 */
export async function eraseDeleted<J extends Job & object>(
  em: EntityManager,
  entity: EntityName<J>,
  taskIds: string[],
): Promise<Map<string, number>> {
  const rows = await em.find(Cancellation, { taskId: { $in: taskIds } }, { lockMode: LockMode.PESSIMISTIC_READ });
  const through = new Map(rows.map(({ taskId, revision }) => [taskId, revision]));
  const deleted = taskIds.filter(taskId => through.get(taskId) === EVER);
  if (deleted.length > 0) await deleteRows(em, entity, deleted);
  return through;
}

const deleteRows = <J extends Job & object>(em: EntityManager, entity: EntityName<J>, taskIds: string[]) =>
  em.nativeDelete(entity, { taskId: { $in: taskIds } } as FilterQuery<J>);
