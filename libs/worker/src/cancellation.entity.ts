import { defineEntity, p } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';

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

/** The revision through which each of these tasks is cancelled, where it is. */
export async function cancelledThrough(em: EntityManager, taskIds: string[]): Promise<Map<string, number>> {
  if (taskIds.length === 0) return new Map();
  const rows = await em.find(Cancellation, { taskId: { $in: taskIds } });
  return new Map(rows.map(({ taskId, revision }) => [taskId, revision]));
}
