import type { AnyEntity, EntityName } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/mysql';
import { bulkInsert } from './bulk-insert.ts';

/** What is cheaper done once for many items than for each by itself. */
export type Together<T> = (unit: UnitOfWork, items: T[]) => Promise<void>;

/** One transaction: its entity manager, and rows that are inserted in bulk when it ends. */
export class UnitOfWork {
  private readonly rows = new Map<EntityName, AnyEntity[]>();
  private readonly rowsIfAbsent = new Map<EntityName, AnyEntity[]>();
  private readonly gathered = new Map<Together<never>, unknown[]>();
  private readonly woken = new Map<string, Set<number>>();

  constructor(
    readonly em: EntityManager,
    /** When it began, by the database's clock. */
    readonly now: Date,
  ) {}

  /** Inserts with the others of its class in one statement, after all entities are flushed. */
  insert(row: AnyEntity): void {
    collect(this.rows, row, row.constructor as EntityName);
  }

  /**
   * The same, but a row whose key exists is left as it is: the way to make work that may have been made before. A
   * plain object costs less than an entity; then it must be said of which entity it is a row.
   */
  insertIfAbsent(row: AnyEntity, entity = row.constructor as EntityName): void {
    collect(this.rowsIfAbsent, row, entity);
  }

  /** Does `work` once for all items of the transaction, when all its handlers have run. */
  together<T>(work: Together<T>, item: T): void {
    const others = this.gathered.get(work);
    if (others) others.push(item);
    else this.gathered.set(work, [item]);
  }

  /**
   * Says that rows of the entity are due in so many milliseconds: whoever works them off is woken then, and never before
   * the commit. Inserting says so itself.
   */
  wake(entity: EntityName, afterMs = 0): void {
    this.wakeByName((entity as { name: string }).name, Math.max(0, Math.ceil(afterMs)));
  }

  /** Writes everything; returns after how long the workers of which entities are to be woken. */
  async flush(): Promise<Map<string, Set<number>>> {
    for (const [work, items] of this.gathered) await work(this, items as never[]);
    await this.em.flush();
    for (const [entity, rows] of this.rowsIfAbsent) this.wakeByName(await bulkInsert(this.em, entity, rows, true));
    for (const [entity, rows] of this.rows) this.wakeByName(await bulkInsert(this.em, entity, rows, false));
    return this.woken;
  }

  private wakeByName(entity: string, afterMs = 0): void {
    const times = this.woken.get(entity);
    if (times) times.add(afterMs);
    else this.woken.set(entity, new Set([afterMs]));
  }
}

function collect(rows: Map<EntityName, AnyEntity[]>, row: AnyEntity, entity: EntityName): void {
  const others = rows.get(entity);
  if (others) others.push(row);
  else rows.set(entity, [row]);
}
