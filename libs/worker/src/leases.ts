import type { Database } from '@castad/platform';
import type { EntityName, FilterQuery } from '@mikro-orm/core';
import type { Job } from './job.ts';

/** The rows that this process works on. Each claim has an owner of its own. */
export class Leases<J extends Job & object> {
  constructor(
    private readonly database: Database,
    private readonly entity: EntityName<J>,
    private readonly ms: number,
  ) {}

  /** Also what ran out, as long as nobody has taken it. */
  async renew(owners: string[]): Promise<void> {
    await this.update(owners, 'set due_at = if(due_at = lease_until, ?, due_at), lease_until = ?', now => {
      const until = new Date(now.getTime() + this.ms);
      return [until, until];
    });
  }

  /** Others may take the rows at once; not those whose paid call is under way. */
  async giveBack(owners: string[]): Promise<void> {
    await this.update(
      owners,
      "set due_at = if(status in ('ordered', 'unknown', 'running'), ?, due_at), lease_owner = null, lease_until = null",
      now => [now],
      "and status <> 'submitting'",
    );
  }

  /** Which of these claims were made, of which nobody knows. */
  held(owners: string[]): Promise<J[]> {
    return this.database.read('background', em =>
      em.find(this.entity, { leaseOwner: { $in: owners } } as FilterQuery<J>),
    );
  }

  private async update(owners: string[], set: string, values: (now: Date) => unknown[], also = ''): Promise<void> {
    if (owners.length === 0) return;
    await this.database.transaction('background', async ({ em, now }) => {
      const { tableName } = em.getMetadata().get(this.entity);
      await em
        .getConnection()
        .execute(
          `update \`${tableName}\` ${set} where lease_owner in (${owners.map(() => '?').join(', ')}) ${also}`,
          [...values(now), ...owners],
          'run',
          em.getTransactionContext(),
        );
    });
  }
}
