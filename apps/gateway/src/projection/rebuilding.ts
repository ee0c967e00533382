import { type Message, TaskDeleted } from '@castad/contracts';
import { deletedAmong, type Envelope } from '@castad/messaging';
import type { Database, UnitOfWork } from '@castad/platform';
import { eraseDeleted } from '../deletion/erase.ts';
import { append } from '../live/feed.ts';
import { changed } from '../project/etag.ts';
import { beginOf, tell } from './fold.ts';
import { lockedOrders, outlinesOf } from './outline.ts';
import type { Stages } from './stages.ts';
import { TaskEvent, type TaskEventRow } from './task-event.entity.ts';

/** An event as it stands in its topic. */
export interface OldEvent {
  envelope: Envelope;
  event: Message;
}

const CHUNK = 500;

/**
 * Folds old events once more, as live handling does and beside it. What is there is added to, so nothing is emptied;
 * orders are the gateway's own and decide nothing again.
 */
export class Rebuilding {
  constructor(private readonly database: Database) {}

  /** All at once: the more events of a task come together, the less is written. */
  fold(events: OldEvent[]): Promise<void> {
    const taskIds = [...new Set(events.map(({ event }) => event.taskId))];
    return this.database.transaction('background', async unit => {
      await eraseDeleted(
        unit,
        events.map(({ event }) => event),
      );
      const stages = await lockedStages(unit, taskIds);
      const deleted = await deletedAmong(unit.em, taskIds);
      const told = events.filter(({ event }) => event instanceof TaskDeleted || !deleted.has(event.taskId));
      for (const { event, envelope } of told) tell(event, envelope.time, stages);
      stages.made.forEach(stage => unit.insert(stage));
      for (const row of missing(told, await knownIds(unit, taskIds))) unit.atLast(append, row);
    });
  }

  /** The orders of which nothing has been heard yet. */
  async foldOrders(): Promise<void> {
    for (let after = ''; ;) {
      const taskIds = await this.tasksWithoutBeginning(after);
      const last = taskIds.at(-1);
      if (last === undefined) return;
      await this.database.transaction('background', async unit => {
        const stages = await lockedStages(unit, taskIds);
        stages.made.forEach(stage => unit.insert(stage));
      });
      after = last;
    }
  }

  private async tasksWithoutBeginning(after: string): Promise<string[]> {
    const rows = await this.database.read('background', em =>
      em.getConnection().execute<{ taskId: string }[]>(
        `select distinct o.task_id taskId from task_order o
         left join stage_attempt s on s.task_id = o.task_id and s.name = o.first_stage and s.revision = o.revision
         where o.task_id > ? and s.task_id is null order by o.task_id limit ?`,
        [after, CHUNK],
      ),
    );
    return rows.map(({ taskId }) => taskId);
  }
}

async function knownIds({ em }: UnitOfWork, taskIds: string[]): Promise<Set<string>> {
  const sql = `select event_id eventId from task_event where task_id in (${taskIds.map(() => '?').join(', ')})`;
  const rows = await em.getConnection().execute<{ eventId: string }[]>(sql, taskIds, 'all', em.getTransactionContext());
  return new Set(rows.map(({ eventId }) => eventId));
}

/** In the order in which they were announced, which is about that in which they were heard. */
function missing(events: OldEvent[], known: Set<string>): TaskEventRow[] {
  const fresh = new Map(events.filter(({ envelope }) => !known.has(envelope.id)).map(old => [old.envelope.id, old]));
  return [...fresh.values()]
    .sort((a, b) => a.envelope.time.getTime() - b.envelope.time.getTime())
    .map(({ envelope, event }) => TaskEvent.received(envelope.id, envelope.time, event));
}

/** The tasks' stages as their orders began them; nobody else tells of these tasks meanwhile. */
async function lockedStages(unit: UnitOfWork, taskIds: string[]): Promise<Stages> {
  await changed(unit, taskIds);
  const orders = await lockedOrders(unit, taskIds);
  const stages = await outlinesOf(unit.em, taskIds, orders);
  for (const order of orders) beginOf(order, stages);
  return stages;
}
