import type { EntityManager } from '@mikro-orm/mysql';

/** Notes in the transaction that the tasks are deleted: from its commit on no other message about them is handled. */
export async function noteDeleted(em: EntityManager, taskIds: string[]): Promise<void> {
  const sql = `insert into deleted_task (task_id, deleted_at) values ${taskIds.map(() => '(?, now(3))').join(', ')}
    on duplicate key update task_id = deleted_task.task_id`;
  await em.getConnection().execute(sql, taskIds, 'run', em.getTransactionContext());
}

/** Those of the tasks that are deleted. */
export async function deletedAmong(em: EntityManager, taskIds: string[]): Promise<Set<string>> {
  if (taskIds.length === 0) return new Set();
  const sql = 'select task_id taskId from deleted_task where task_id in (?)';
  const rows = await em
    .getConnection()
    .execute<{ taskId: string }[]>(sql, [taskIds], 'all', em.getTransactionContext());
  return new Set(rows.map(({ taskId }) => taskId));
}
