import { CancelTask, message } from '@castad/contracts';
import type { UnitOfWork } from '@castad/platform';
import { Worker, type Outcome, type Publish } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { Order } from './order.entity.ts';
import { Stage } from '../projection/stage.entity.ts';

/** Ends the orders whose time is over, so that every film ends even if a service stays away. */
@Injectable()
export class OrderWorker extends Worker<Order> {
  constructor() {
    super(Order, { concurrency: 100, dueAtOnce: false });
  }

  /** Whoever still works on it is told to spend nothing more. */
  protected override async expire(order: Order, publish: Publish, { em, now }: UnitOfWork): Promise<void> {
    const { taskId, revision } = order;
    const name = order.currentStage ?? order.firstStage;
    const stage = await em.findOne(Stage, { taskId, name, revision });
    publish(order.overdue(now, stage?.waitsFor()));
    publish(message(CancelTask, { taskId, revision }));
  }

  /** An order is due at its deadline, when it expires; one that is due before that looks again then. */
  protected async step(order: Order, now: Date): Promise<Outcome<Order>> {
    return { dueInMs: Math.max(1, order.deadline.getTime() - now.getTime()) };
  }

  protected failed(): Outcome<Order> {
    return { dueInMs: 1_000 };
  }
}
