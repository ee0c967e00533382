import {
  AssetFailed,
  AssetStored,
  type Failure,
  LyricFailed,
  LyricGenerated,
  type Message,
  MessageRejected,
  RenderFailed,
  RenderSucceeded,
  SongFailed,
  SongReady,
  type Stage as StageName,
} from '@castad/contracts';
import type { MessageContext } from '@castad/messaging';
import type { UnitOfWork } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import { Injectable } from '@nestjs/common';
import { Order } from './order.entity.ts';
import { Stage, type StageError } from './stage.entity.ts';
import { TaskEvent } from './task-event.entity.ts';

interface Received {
  event: Message;
  context: MessageContext;
}

/** What clients see of their films: stages folded from events, and the one terminal decision on each order. */
@Injectable()
export class Projection {
  /** Takes part in the transaction's one fold: its tasks are locked and loaded together, whatever their number. */
  add(event: Message, context: MessageContext): void {
    const { unit, envelope } = context;
    unit.insertIfAbsent(TaskEvent.received(envelope.id, envelope.time, event));
    unit.together(fold, { event, context });
  }
}

async function fold({ em }: UnitOfWork, received: Received[]): Promise<void> {
  const taskIds = [...new Set(received.map(({ event }) => event.taskId))].sort();
  // The orders' locks stand for the task: whoever decides about it or tells of it comes by here.
  const orders = await em.find(
    Order,
    { taskId: { $in: taskIds } },
    { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { taskId: 'asc', revision: 'asc' } },
  );
  const stages = new Stages(em, await em.find(Stage, { taskId: { $in: taskIds } }));
  for (const { event, context } of received) {
    tell(event, context.envelope.time, stages);
    const order = orders.find(({ taskId, revision }) => taskId === event.taskId && revision === event.revision);
    if (order?.isRunning()) decide(order, event, context, stages);
  }
}

class Stages {
  private readonly byKey: Map<string, Stage>;

  constructor(
    private readonly em: EntityManager,
    loaded: Stage[],
  ) {
    this.byKey = new Map(loaded.map(stage => [`${stage.taskId} ${stage.name}`, stage]));
  }

  get(taskId: string, name: StageName): Stage {
    const key = `${taskId} ${name}`;
    const known = this.byKey.get(key);
    if (known) return known;
    const stage = Stage.of(taskId, name);
    this.em.persist(stage);
    this.byKey.set(key, stage);
    return stage;
  }
}

/** What the event says about stages. */
function tell(event: Message, time: Date, stages: Stages): void {
  const { taskId, revision } = event;
  const stage = (name: StageName) => stages.get(taskId, name);
  if (event instanceof LyricGenerated) {
    stage('lyric').learned({ revision, time, output: event.lyric });
    if (event.plan.stopAfter !== 'lyric') stage('song').begun(revision, time);
  } else if (event instanceof SongReady) {
    const { title, tracks, chosenTrackId } = event;
    stage('song').learned({ revision, time, output: { title, tracks, chosenTrackId } });
    if (event.plan.stopAfter !== 'song') stage('video').begun(revision, time);
  } else if (event instanceof RenderSucceeded) {
    stage('video').learned({
      revision,
      time,
      output: { format: event.format, durationSeconds: event.durationSeconds },
    });
  } else if (event instanceof AssetStored) {
    if (event.kind !== 'image') stage(event.kind).learned({ revision, time, files: event.files });
  } else {
    const failed = failedStage(event);
    if (failed) stage(failed).learned({ revision, time, error: errorIn(event as Failure) });
  }
}

function failedStage(event: Message): StageName | undefined {
  if (event instanceof LyricFailed) return 'lyric';
  if (event instanceof SongFailed) return 'song';
  if (event instanceof RenderFailed) return 'video';
  return event instanceof AssetFailed && event.kind !== 'image' ? event.kind : undefined;
}

const errorIn = ({ code, reason, retryable }: Failure): StageError => ({ code, reason, retryable });

/** Whether the event ends its order. */
function decide(order: Order, event: Message, context: MessageContext, stages: Stages): void {
  const failed = failedStage(event);
  const last = stages.get(order.taskId, order.lastStage);
  if (last.revision === order.revision && last.status() === 'completed') context.publish(order.completed());
  else if (failed) context.publish(order.failed(failed, errorIn(event as Failure)));
  else if (event instanceof MessageRejected)
    order.rejection ??= `${event.service} could not handle ${event.messageType}: ${event.reason}`.slice(0, 1000);
}
