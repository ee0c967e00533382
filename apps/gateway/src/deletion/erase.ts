import { type Message, TaskDeleted } from '@castad/contracts';
import { noteDeleted } from '@castad/messaging';
import type { UnitOfWork } from '@castad/platform';

/** Orders first: whoever decides about a task, or tells of it, locks them. `stage` is of a former version. */
const tables = ['task_order', 'stage_attempt', 'stage', 'image', 'project'];

/**
 * Leaves nothing of the tasks but the note that they are deleted, and the event that says so. An Idempotency-Key stays
 * for its day without its answer: the request that comes again must not be carried out anew.
 */
export async function erase({ em }: UnitOfWork, taskIds: string[]): Promise<void> {
  const execute = (sql: string, ...values: unknown[]) =>
    em.getConnection().execute(sql, values, 'run', em.getTransactionContext());
  await noteDeleted(em, taskIds);
  for (const table of tables) await execute(`delete from ${table} where task_id in (?)`, taskIds);
  await execute('delete from task_event where task_id in (?) and type <> ?', taskIds, TaskDeleted.type);
  await execute('update idempotency_key set answer = null where task_id in (?)', taskIds);
}

/** Of tasks that these events say are deleted: here that has happened before, unless the database is older than they. */
export async function eraseDeleted(unit: UnitOfWork, events: Message[]): Promise<void> {
  const taskIds = events.filter(event => event instanceof TaskDeleted).map(({ taskId }) => taskId);
  if (taskIds.length > 0) await erase(unit, taskIds);
}
