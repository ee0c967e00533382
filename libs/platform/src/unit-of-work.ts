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
  private readonly last = new Map<Together<never>, unknown[]>();
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
    collect(this.gathered, item, work);
  }

  /**
   * The same, right before the commit: for a row that others wait for. All else is written by then, joined claims too,
   * and nothing follows but what `work` inserts.
   */
  atLast<T>(work: Together<T>, item: T): void {
    collect(this.last, item, work);
  }

  /**
   * Says that rows of the entity are due in so many milliseconds: whoever works them off is woken then, and never before
   * the commit. Inserting says so itself.
   */
  wake(entity: EntityName, afterMs = 0): void {
    const { name } = entity as { name: string };
    const times = this.woken.get(name) ?? new Set();
    this.woken.set(name, times.add(Math.max(0, Math.ceil(afterMs))));
  }

  /** After how long from the commit workers of the entity are to be woken. */
  wakesOf(entity: string): ReadonlySet<number> {
    return this.woken.get(entity) ?? NEVER;
  }

  /** What is due at once has been taken in this very transaction: nobody need be woken for it. */
  taken(entity: string): void {
    this.woken.get(entity)?.delete(0);
  }

  /** Writes everything that was added since it was last called. */
  async flush(): Promise<void> {
    for (const [work, items] of drained(this.gathered)) await work(this, items as never[]);
    await this.em.flush();
    await this.insertRows();
  }

  /** Does what comes last. */
  async end(): Promise<void> {
    for (const [work, items] of drained(this.last)) await work(this, items as never[]);
    await this.insertRows();
  }

  private async insertRows(): Promise<void> {
    for (const [entity, rows] of drained(this.rowsIfAbsent)) await this.insertAll(entity, rows, true);
    for (const [entity, rows] of drained(this.rows)) await this.insertAll(entity, rows, false);
  }

  private async insertAll(entity: EntityName, rows: AnyEntity[], ifAbsent: boolean): Promise<void> {
    await bulkInsert(this.em, entity, rows, ifAbsent);
    for (const ms of new Set(rows.map(row => dueInMs(row, this.now)))) if (ms !== undefined) this.wake(entity, ms);
  }
}

const NEVER: ReadonlySet<number> = new Set();

/** A row may say itself when it is due (null: never); any other row is due at once. */
function dueInMs({ dueAt = new Date(0) }: { dueAt?: Date | null }, now: Date): number | undefined {
  return dueAt ? Math.max(0, dueAt.getTime() - now.getTime()) : undefined;
}

function drained<K, V>(map: Map<K, V>): [K, V][] {
  const entries = [...map];
  map.clear();
  return entries;
}

function collect<K, V>(map: Map<K, V[]>, value: V, key: K): void {
  const others = map.get(key);
  if (others) others.push(value);
  else map.set(key, [value]);
}
