import type { Database, UnitOfWork } from '@castad/platform';
import type { EntityName } from '@mikro-orm/core';
import type { Logger } from '@nestjs/common';
import type { Account } from './account.ts';
import type { Pause } from './bucket.entity.ts';
import type { Publish } from './outcome.ts';

/** What the parts of a worker share, and what its kind of work says to them. */
export interface Bench<J> {
  database: Database;
  entity: EntityName<J>;
  account?: Account;
  logger: Logger;
  leaseMs: number;
  publisher: (unit: UnitOfWork, job: J) => Publish;
  delayed: (job: J, pause: Omit<Pause, 'ms'>, publish: Publish) => void;
  admit: (jobs: J[], unit: UnitOfWork) => Promise<void> | void;
  begin: (job: J, now: Date) => void;
  expire: (job: J, publish: Publish, unit: UnitOfWork) => Promise<void> | void;
  spends: (job: J) => boolean;
  callsProvider: (job: J) => boolean;
}
