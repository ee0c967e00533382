import type { UnitOfWork } from '@castad/platform';
import { LockMode, type EntityName, type FilterQuery } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import type { Job } from './job.ts';

/** Rows that are due and that nobody works on, locked; rows that others have locked are left to them. */
async function find<J extends Job & object>(
  { em, now }: UnitOfWork,
  entity: EntityName<J>,
  which: object,
  limit: number,
): Promise<J[]> {
  const due = {
    dueAt: { $lte: now },
    $and: [{ $or: [{ leaseUntil: null }, { leaseUntil: { $lte: now } }] }, which],
  };
  return em.find(entity, due as unknown as FilterQuery<J>, {
    orderBy: { dueAt: 'asc' } as never,
    limit,
    lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE,
  });
}

export const dueRows = <J extends Job & object>(unit: UnitOfWork, entity: EntityName<J>, limit: number) =>
  find(unit, entity, {}, limit);

/**
 * The same where so many calls can be made: what was bought is looked at before anything new is, and no more is
 * loaded than can be begun. What is over needs no call.
 */
export async function dueRowsFor<J extends Job & object>(
  unit: UnitOfWork,
  entity: EntityName<J>,
  limit: number,
  calls: number,
): Promise<J[]> {
  const isOver = { deadline: { $lte: unit.now } };
  if (calls < 1) return find(unit, entity, isOver, limit);
  const most = Math.min(limit, Math.floor(calls));
  const begun = await find(unit, entity, { $or: [{ status: { $ne: 'ordered' } }, isOver] }, most);
  const left = most - begun.length;
  if (left === 0) return begun;
  return [...begun, ...(await find(unit, entity, { status: 'ordered', deadline: { $gt: unit.now } }, left))];
}

/** How long until the first row that nobody works on is due, without locks; `Infinity` when there is none. */
export async function nextDueMs<J extends object>(
  em: EntityManager,
  entity: EntityName<J>,
  now: Date,
): Promise<number> {
  const { tableName } = em.getMetadata().get(entity);
  const [first] = await em.getConnection().execute<{ ms: string }[]>(
    `select timestampdiff(microsecond, ?, due_at) / 1000 ms from \`${tableName}\`
       where due_at is not null and (lease_until is null or lease_until <= ?) order by due_at limit 1`,
    [now, now],
  );
  return first ? Math.max(0, Number(first.ms)) : Infinity;
}
