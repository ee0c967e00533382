import { type EntityName, IsolationLevel } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';

/** Entities of a query of our own; what it leaves out is unknown of them and stays as it is in the table. */
export async function entitiesOf<E extends object>(
  em: EntityManager,
  entity: EntityName<E>,
  sql: string,
  values: unknown[],
): Promise<E[]> {
  const rows = await em.getConnection().execute<object[]>(sql, values, 'all', em.getTransactionContext());
  return rows.map(row => em.map(entity, row));
}

/** Whatever is read meanwhile is of one moment. Nothing is written, so there is nothing to commit. */
export async function atOneMoment<T>(em: EntityManager, read: () => Promise<T>): Promise<T> {
  await em.begin({ isolationLevel: IsolationLevel.REPEATABLE_READ });
  try {
    return await read();
  } finally {
    // A connection that cannot even roll back is thrown away by the pool.
    await em.rollback().catch(() => undefined);
  }
}
