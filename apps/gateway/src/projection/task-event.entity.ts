import type { Message, MessageClass } from '@castad/contracts';
import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'TaskEvent',
  tableName: 'task_event',
  properties: {
    taskId: p.string().length(36).primary(),
    eventId: p.string().length(36).primary(),
    type: p.string().length(50),
    revision: p.integer(),
    data: p.json<Message>(),
    time: p.datetime(3),
    /** When its order, that runs on, will have ended, as it was estimated then. */
    expectedAt: p.datetime(3).nullable(),
    latestAt: p.datetime(3).nullable(),
    /** Its place in the feed of all events, in the order of commits; null: written by a version that knew none. */
    position: p.bigint('number').nullable(),
  },
});

export type TaskEventRow = Pick<
  InferEntity<typeof schema>,
  'taskId' | 'eventId' | 'type' | 'revision' | 'data' | 'time' | 'expectedAt' | 'latestAt' | 'position'
>;

/** One event as it was received: the history that the stages are folded from. */
export class TaskEvent extends schema.class {
  /** Its row: there are too many for entities. */
  static received(eventId: string, time: Date, data: Message): TaskEventRow {
    const { type } = data.constructor as MessageClass;
    return {
      taskId: data.taskId,
      eventId,
      type,
      revision: data.revision,
      data,
      time,
      expectedAt: null,
      latestAt: null,
      position: null,
    };
  }
}
schema.setClass(TaskEvent);
