import type { UnitOfWork } from './unit-of-work.ts';

/** What became of a transaction; `unknown`: its commit was not answered. */
export type Ending = 'committed' | 'rolled back' | 'unknown';

/** Is told of the transactions that insert rows of an entity or make some due. */
export interface DueListener {
  /** After the commit: there are rows that are due in so many milliseconds. */
  wake(afterMs: number): void;

  /**
   * Before the commit, when rows are due at once: may take them in the same transaction, which saves one. Resolves with
   * what is called when the transaction has ended, or with nothing if nothing was taken. A failure costs nobody
   * anything: the transaction is repeated without it.
   */
  join?(unit: UnitOfWork): Promise<((ending: Ending) => void) | undefined>;
}

/** A listener could not join. Why is its own affair. */
export class NotJoined extends Error {}
