import { defineEntity, LockMode, p, type EntityName, type FilterQuery } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import { end, type Job } from './job.ts';

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

/** Ends those of the jobs that were made after the order to cancel them was handled. */
export async function endCancelled(em: EntityManager, jobs: Job[]): Promise<void> {
  if (jobs.length === 0) return;
  const rows = await em.find(Cancellation, { taskId: { $in: [...new Set(jobs.map(({ taskId }) => taskId))] } });
  const through = new Map(rows.map(({ taskId, revision }) => [taskId, revision]));
  for (const job of jobs) if ((job.revision ?? 0) <= (through.get(job.taskId) ?? -1)) end(job, 'cancelled');
}
