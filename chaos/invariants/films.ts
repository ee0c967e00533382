import type { Seen } from '../../sandbox/records.ts';
import type { Evidence, OrderRow } from '../evidence.ts';
import { announced, nameOf, revisionOf } from './records.ts';
import { doubled, lost, untidy, type Violation } from './violation.ts';

const endings: Record<string, string> = { TaskCompleted: 'done', TaskFailed: 'failed', TaskCancelled: 'cancelled' };

/** Every accepted film ends, as it should and with a stated reason, and everybody is told of it once. */
export function films(evidence: Evidence): Violation[] {
  const ordersOf = Map.groupBy(evidence.orders, ({ taskId }) => taskId);
  const unknown = [...evidence.films.keys()].filter(taskId => !ordersOf.has(taskId));
  const told = Map.groupBy(
    announced(evidence.records).filter(record => nameOf(record) in endings),
    record => `${record.key} ${revisionOf(record)}`,
  );
  return [
    ...unknown.map(taskId => lost(taskId, 'was accepted, but no order is there')),
    ...evidence.orders.flatMap(order => [
      ...ending(order, evidence),
      ...telling(order, told.get(`${order.taskId} ${order.revision}`) ?? []),
    ]),
  ];
}

function ending(order: OrderRow, { films, jobs }: Evidence): Violation[] {
  const { taskId, revision, status, lastStage, errorCode, errorReason } = order;
  if (!Object.values(endings).includes(status)) return [lost(taskId, `order ${revision} has not ended: ${status}`)];
  if (status === 'failed' && !(errorCode && errorReason))
    return [untidy(taskId, `order ${revision} failed and nobody says why`)];
  const expected = films.get(taskId);
  if (status !== 'done' && expected && expected !== 'ended' && expected !== errorCode)
    return [lost(taskId, `order ${revision} ${status}: ${errorCode} (${errorReason})`)];
  if (status !== 'done' || lastStage !== 'video') return [];
  const ofOrder = jobs.filter(job => job.taskId === taskId && job.revision === revision);
  const stored = ofOrder.filter(job => job.ref.startsWith('video ') && job.status === 'done').map(job => job.ref);
  const isStored = ofOrder.filter(job => job.table === 'video').every(job => stored.includes(`video ${job.ref}`));
  return isStored && stored.length > 0
    ? []
    : [lost(taskId, `order ${revision} is completed, but its film is not stored`)];
}

function telling({ taskId, revision, status }: OrderRow, told: Seen[]): Violation[] {
  const names = told.map(nameOf);
  if (names.length > 1) return [doubled(taskId, `order ${revision} ended more than once: ${names.join(', ')}`)];
  const [name] = names;
  if (!name)
    return Object.values(endings).includes(status)
      ? [lost(taskId, `nobody was told that order ${revision} ended`)]
      : [];
  return endings[name] === status ? [] : [untidy(taskId, `order ${revision} is ${status}, but ${name} was announced`)];
}
