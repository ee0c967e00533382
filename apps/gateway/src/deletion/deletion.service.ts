import { message, TaskDeleted } from '@castad/contracts';
import { Outbox } from '@castad/messaging';
import { Database } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import type { Call } from '../idempotency/call.ts';
import { OrderService } from '../order/order.service.ts';
import { situationOf } from '../order/situation.ts';
import { assertMatches } from '../project/etag.ts';
import { ProjectDeleted } from './absence.ts';
import { erase } from './erase.ts';

@Injectable()
export class DeletionService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly orders: OrderService,
  ) {}

  /** Ends the running order and erases the project. Said again it says the same. @throws NotFound `TASK_NOT_FOUND` */
  async delete(taskId: string, { ifMatch }: Call): Promise<void> {
    try {
      await this.database.transaction('requests', async unit => {
        const situation = await situationOf(unit, taskId);
        const { project } = situation;
        await assertMatches(unit, project, ifMatch);
        this.orders.stop(unit, situation);
        this.outbox.add(unit, message(TaskDeleted, { taskId, revision: project.revision }));
        unit.atLast(erase, taskId);
      });
    } catch (error) {
      if (!(error instanceof ProjectDeleted)) throw error;
    }
  }
}
