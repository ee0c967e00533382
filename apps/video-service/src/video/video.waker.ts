import type { UnitOfWork } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { Video } from './video.entity.ts';

/** Makes videos that wait for a file due at once; one statement for all of a transaction's messages. */
@Injectable()
export class VideoWaker {
  private readonly pending = new WeakMap<UnitOfWork, Set<string>>();

  wake(unit: UnitOfWork, taskId: string): void {
    const others = this.pending.get(unit);
    if (others) {
      others.add(taskId);
      return;
    }
    const taskIds = new Set([taskId]);
    this.pending.set(unit, taskIds);
    unit.beforeFlush(() => wakeWaiting(unit, [...taskIds]));
  }
}

async function wakeWaiting(unit: UnitOfWork, taskIds: string[]): Promise<void> {
  const { em } = unit;
  const result = await em
    .getConnection()
    .execute<{ affectedRows: number }>(
      `update video set due_at = now(3) where task_id in (${taskIds.map(() => '?').join(', ')}) and status in ('ordered', 'submitting')`,
      taskIds,
      'run',
      em.getTransactionContext(),
    );
  if (result.affectedRows > 0) unit.wake(Video);
}
