import type { Database } from '@castad/platform';
import { randomUUID } from 'node:crypto';

const LEASE_MS = 5_000;
const LEASE = 'outbox';

/** Each process of the service says by a row of its own that it is there; it is believed for a minute. */
const PRESENCE = 'relay:';
const PRESENT_MS = 60_000;

interface LeaseRow {
  name: string;
  owner: string;
}

/**
 * Which process of a service relays. A process that is alone keeps the lease; beside others it gives the lease back
 * when there is nothing to send, so that whoever commits next need not wait for another one's poll.
 */
export class RelayLease {
  private readonly owner = randomUUID();
  private until = 0;
  private announcedUntil = 0;
  private hasRivals = false;

  constructor(private readonly database: Database) {}

  /** Takes or keeps the lease. False: another process relays. */
  async hold(): Promise<boolean> {
    const now = await this.database.now();
    if (this.until - now.getTime() > LEASE_MS / 2) return true;
    const [until, presentUntil] = [LEASE_MS, PRESENT_MS].map(ms => new Date(now.getTime() + ms)) as [Date, Date];
    const rows = await this.database.read('background', async em => {
      await em.getConnection().execute(
        `insert into lease (name, owner, until) values ('${LEASE}', ?, ?), (?, ?, ?) on duplicate key update
           owner = if(owner = values(owner) or until < ?, values(owner), owner),
           until = if(owner = values(owner), values(until), until)`,
        [this.owner, until, PRESENCE + this.owner, this.owner, presentUntil, now],
        'run',
      );
      return em.getConnection().execute<LeaseRow[]>('select name, owner from lease where until > ?', [now]);
    });
    const isHeld = rows.some(({ name, owner }) => name === LEASE && owner === this.owner);
    this.until = isHeld ? until.getTime() : 0;
    this.announcedUntil = presentUntil.getTime();
    this.hasRivals = rows.some(({ name, owner }) => name.startsWith(PRESENCE) && owner !== this.owner);
    return isHeld;
  }

  /** Says now and then that this process is there, also while it has nothing to send. */
  async announce(): Promise<void> {
    const now = await this.database.now();
    if (this.announcedUntil - now.getTime() > PRESENT_MS / 2) return;
    const until = new Date(now.getTime() + PRESENT_MS);
    await this.database.read('background', async em => {
      const connection = em.getConnection();
      await connection.execute(
        'insert into lease (name, owner, until) values (?, ?, ?) on duplicate key update until = values(until)',
        [PRESENCE + this.owner, this.owner, until],
        'run',
      );
      await connection.execute(`delete from lease where name like '${PRESENCE}%' and until < ?`, [now], 'run');
    });
    this.announcedUntil = until.getTime();
  }

  /** There is nothing to send for now. */
  async idle(): Promise<void> {
    if (this.hasRivals && this.until > 0) await this.giveUp([LEASE]);
  }

  /** This process relays no more. */
  async end(): Promise<void> {
    await this.giveUp([LEASE, PRESENCE + this.owner]);
  }

  private async giveUp(names: string[]): Promise<void> {
    this.until = 0;
    await this.database.read('background', em =>
      em
        .getConnection()
        .execute(
          `delete from lease where owner = ? and name in (${names.map(() => '?').join(', ')})`,
          [this.owner, ...names],
          'run',
        ),
    );
  }
}
