import type { EntityName } from '@mikro-orm/core';
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
