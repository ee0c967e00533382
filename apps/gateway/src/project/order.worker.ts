import { stages as stageNames } from '@castad/contracts';
import type { UnitOfWork } from '@castad/platform';
import { Worker, type Outcome, type Publish } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { Order } from './order.entity.ts';
import { Stage } from './stage.entity.ts';

/** Ends the orders whose deadline passed, so that every film ends even if a service stays away. */
@Injectable()
export class OrderWorker extends Worker<Order> {
  constructor() {
    super(Order, { concurrency: 100, dueAtOnce: false });
  }

  protected override async expire(order: Order, publish: Publish, { em }: UnitOfWork): Promise<void> {
    const { taskId, revision } = order;
    const stages = await em.find(Stage, { taskId, revision });
    const isDone = (name: string) => stages.some(stage => stage.name === name && stage.status() === 'completed');
    const unfinished = stageNames.find(name => isAtOrAfter(name, order.firstStage) && !isDone(name)) ?? order.lastStage;
    const failed = order.overdue(unfinished);
    stages.find(({ name }) => name === unfinished)?.learned({ revision, time: new Date(), error: failed });
    publish(failed);
  }

  /** An order is due at its deadline, when it expires; one that is due before that looks again then. */
  protected async step(order: Order, now: Date): Promise<Outcome<Order>> {
    return { dueInMs: Math.max(1, order.deadline.getTime() - now.getTime()) };
  }

  protected failed(): Outcome<Order> {
    return { dueInMs: 1_000 };
  }
}

const isAtOrAfter = (name: string, first: string): boolean =>
  stageNames.findIndex(stage => stage === name) >= stageNames.findIndex(stage => stage === first);
