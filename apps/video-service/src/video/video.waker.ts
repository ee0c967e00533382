import type { UnitOfWork } from '@castad/platform';
import { Video } from './video.entity.ts';

/** Makes videos that wait for a file due at once. */
export async function wakeWaiting(unit: UnitOfWork, taskIds: string[]): Promise<void> {
  const { em, now } = unit;
  const result = await em
    .getConnection()
    .execute<{ affectedRows: number }>(
      `update video set due_at = ? where task_id in (${taskIds.map(() => '?').join(', ')}) and status = 'ordered'`,
      [now, ...taskIds],
      'run',
      em.getTransactionContext(),
    );
  if (result.affectedRows > 0) unit.wake(Video);
}
