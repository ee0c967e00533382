import type { AnyEntity, EntityName } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import { bulkInsert } from './bulk-insert.ts';

/** One transaction: its entity manager, and rows that are inserted in bulk when it ends. */
export class UnitOfWork {
  private readonly rows = new Map<EntityName, AnyEntity[]>();
  private readonly rowsIfAbsent = new Map<EntityName, AnyEntity[]>();
  private readonly beforeFlushes: (() => Promise<void>)[] = [];
  private readonly woken = new Set<string>();

  constructor(
    readonly em: EntityManager,
    /** When it began, by the database's clock. */
    readonly now: Date,
  ) {}

  /** Inserts with the others of its class in one statement, after all entities are flushed. */
  insert(row: AnyEntity): void {
    collect(this.rows, row);
  }

  /** The same, but a row whose key exists is left as it is: the way to make work that may have been made before. */
  insertIfAbsent(row: AnyEntity): void {
    collect(this.rowsIfAbsent, row);
  }

  /** Runs once, when all handlers of this transaction have run. */
  beforeFlush(work: () => Promise<void>): void {
    this.beforeFlushes.push(work);
  }

  /** Says that a change made rows of the entity due, so that who works them off is woken. Inserting says so itself. */
  wake(entity: EntityName): void {
    this.woken.add((entity as { name: string }).name);
  }

  /** Writes everything; returns the names of the entities whose workers are to be woken. */
  async flush(): Promise<Set<string>> {
    for (let work; (work = this.beforeFlushes.shift());) await work();
    await this.em.flush();
    for (const [entity, rows] of this.rowsIfAbsent) this.woken.add(await bulkInsert(this.em, entity, rows, true));
    for (const [entity, rows] of this.rows) this.woken.add(await bulkInsert(this.em, entity, rows, false));
    return this.woken;
  }
}

function collect(rows: Map<EntityName, AnyEntity[]>, row: AnyEntity): void {
  const entity = row.constructor as EntityName;
  const others = rows.get(entity);
  if (others) others.push(row);
  else rows.set(entity, [row]);
}
