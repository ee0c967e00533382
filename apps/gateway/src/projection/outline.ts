import type { UnitOfWork } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import { Order } from '../order/order.entity.ts';
import { Stage } from './stage.entity.ts';
import { Stages } from './stages.ts';

/** All orders of the tasks, locked, with what the fold decides by. */
export async function lockedOrders({ em }: UnitOfWork, taskIds: string[]): Promise<Order[]> {
  const orders = await em.find(
    Order,
    { taskId: { $in: taskIds } },
    {
      fields: [
        ...(['firstStage', 'lastStage', 'currentStage', 'input', 'status', 'rejection'] as const),
        ...(['planDeadline', 'planFormats', 'deadline', 'dueAt', 'expectedAt', 'latestAt', 'createdAt'] as const),
      ],
      lockMode: LockMode.PESSIMISTIC_WRITE,
      orderBy: { taskId: 'asc', revision: 'asc' },
    },
  );
  return orders as Order[];
}

/** All stages of the tasks, with what their orders say of them; of what they made, only that it is there. */
export async function outlinesOf(em: EntityManager, taskIds: string[], orders: Order[]): Promise<Stages> {
  const stages = await em.find(
    Stage,
    { taskId: { $in: taskIds } },
    { fields: ['there', 'error', 'waiting', 'paid', 'startedAt', 'endedAt'] },
  );
  return new Stages(stages as Stage[], orders);
}
