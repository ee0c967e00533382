import type { UnitOfWork } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { TaskEvent, type TaskEventRow } from '../projection/task-event.entity.ts';

/** Events that are read at once. */
export const PAGE = 500;

/** Events in the order of the feed. Up to `end` there is nothing else of what was asked for. */
export interface Page<E = TaskEvent> {
  events: E[];
  end: number;
}

/** Adds events to the feed. Other writers of events wait for the counter: to be done at last. */
export async function append(unit: UnitOfWork, events: TaskEventRow[]): Promise<void> {
  await place(unit, events);
  for (const event of events) unit.insertIfAbsent(event, TaskEvent);
}

/**
 * Gives events their places in the feed. The counter's row is locked until the commit, so places are in the order of
 * commits: who has read up to one place never misses an event before it.
 */
export async function place({ em }: UnitOfWork, events: TaskEventRow[]): Promise<void> {
  const sql = 'update feed set position = last_insert_id(position + ?)';
  const { insertId } = await em
    .getConnection()
    .execute<{ insertId: number }>(sql, [events.length], 'run', em.getTransactionContext());
  events.forEach((event, i) => {
    event.position = Number(insertId) - events.length + 1 + i;
  });
}

export async function endOfFeed(em: EntityManager): Promise<number> {
  const [row] = await em.getConnection().execute<[{ position: number }]>('select position from feed');
  return Number(row.position);
}

/** The next events after a place, of one project or of all. */
export async function pageAfter(em: EntityManager, after: number, taskId?: string): Promise<Page> {
  const end = await endOfFeed(em);
  if (end <= after) return { events: [], end: after };
  const events = await em.find(
    TaskEvent,
    { position: { $gt: after }, ...(taskId && { taskId }) },
    {
      orderBy: { position: 'asc' },
      limit: PAGE,
      disableIdentityMap: true,
      // A project's events lie together; by their places the server would walk through those of all the others.
      ...(taskId && { indexHint: 'force index (primary)' }),
    },
  );
  const last = events.at(-1)?.position ?? after;
  return { events, end: events.length < PAGE ? Math.max(end, last) : last };
}
