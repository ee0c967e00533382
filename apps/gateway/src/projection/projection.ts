import {
  type Failure,
  type Message,
  MessageRejected,
  StageDelayed,
  stages as stageNames,
  TaskDeleted,
} from '@castad/contracts';
import { deletedAmong, type MessageContext } from '@castad/messaging';
import type { UnitOfWork } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { RecentFilms } from '../estimate/recent-films.ts';
import { GatewayConfig } from '../gateway.config.ts';
import { eraseDeleted } from '../deletion/erase.ts';
import { append } from '../live/feed.ts';
import { beginOf, errorIn, failedStage, rejectionIn, tell } from './fold.ts';
import type { Order } from '../order/order.entity.ts';
import { lockedOrders, outlinesOf } from './outline.ts';
import type { Stage, StageError, Step } from './stage.entity.ts';
import type { Stages } from './stages.ts';
import { TaskEvent } from './task-event.entity.ts';

interface Received {
  event: Message;
  context: MessageContext;
}

/** What clients see of their films: stages folded from events, and the one terminal decision on each order. */
@Injectable()
export class Projection {
  constructor(
    private readonly config: GatewayConfig,
    private readonly recent: RecentFilms,
  ) {}

  /** Takes part in the transaction's one fold: its tasks are locked and loaded together, whatever their number. */
  add(event: Message, context: MessageContext): void {
    context.unit.together(this.fold, { event, context });
  }

  private readonly fold = async (unit: UnitOfWork, received: Received[]): Promise<void> => {
    await eraseDeleted(
      unit,
      received.map(({ event }) => event),
    );
    const taskIds = [...new Set(received.map(({ event }) => event.taskId))].sort();
    // The orders' locks stand for the task: whoever decides about it or tells of it comes by here.
    const orders = await lockedOrders(unit, taskIds);
    const stages = await outlinesOf(unit.em, taskIds, orders);
    const withoutOrder = taskIds.filter(id => !orders.some(({ taskId }) => taskId === id));
    const deleted = await deletedAmong(unit.em, withoutOrder);
    for (const { event, context } of received) {
      if (deleted.has(event.taskId) && !(event instanceof TaskDeleted)) continue;
      const row = TaskEvent.received(context.envelope.id, context.envelope.time, event);
      unit.atLast(append, row);
      tell(event, context.envelope.time, stages);
      const order = orders.find(({ taskId, revision }) => taskId === event.taskId && revision === event.revision);
      if (!order) continue;
      beginOf(order, stages);
      if (order.isRunning()) this.decide(order, event, context, stages);
      row.expectedAt = order.expectedAt;
      row.latestAt = order.latestAt;
    }
    unit.em.persist(stages.made);
  };

  /** Whether the event ends its order, and whose time runs if it does not. */
  private decide(order: Order, event: Message, context: MessageContext, stages: Stages): void {
    const { taskId, revision } = order;
    const isDone = (name: Step) => stages.find(taskId, name, revision).every(stage => stage?.status() === 'completed');
    const failed = failedStage(event);
    const film = failedFilm(stages.find(taskId, 'video', revision));
    const unfinished = stageNames.find(name => order.includes(name) && !isDone(name));
    if (isDone(order.lastStage)) context.publish(order.completed(context.unit.now));
    else if (failed && failed !== 'video')
      context.publish(order.failed(context.unit.now, failed, errorIn(event as Failure)));
    else if (film) context.publish(order.failed(context.unit.now, 'video', film.error, film.format || undefined));
    else if (event instanceof MessageRejected) order.rejection ??= rejectionIn(event);
    else if (event instanceof StageDelayed) order.waits(event.stage, this.config.timeLimits());
    else if (unfinished) order.reached(unfinished, context.unit.now, this.config.timeLimits(), this.recent.latest());
  }
}

/** The first film that failed, once all have ended: until then the others go on. */
function failedFilm(films: (Stage | undefined)[]): (Stage & { error: StageError }) | undefined {
  if (!films.every(film => film?.isOver())) return undefined;
  return films.find((film): film is Stage & { error: StageError } => !!film?.error && film.status() !== 'completed');
}
