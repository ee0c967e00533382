import type { MikroORM } from '@mikro-orm/mysql';
import { Mutex } from 'async-mutex';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

type Pool = Awaited<ReturnType<ReturnType<MikroORM['em']['getConnection']>['getNativeClient']>>;

/** What we use of the driver's connection and its types do not tell. */
interface Connection {
  threadId: number;
  stream: Socket;
}

const KILL_TIMEOUT_MS = 2_000;
const KILL_PAUSE_MS = 50;

/** A unit of work as one that holds connections. */
export class Holder {
  readonly connections = new Set<Connection>();
  isGivenUp = false;
}

/** Knows who holds which connection of the pool, so that what is given up can be ended, at the server too. */
export class Holders {
  private readonly current = new AsyncLocalStorage<Holder>();
  private readonly holderOf = new WeakMap<Connection, Holder>();
  /** One after the other: the server sees one connection more at most. */
  private readonly killing = new Mutex();

  constructor(private readonly pool: Pool) {
    const getConnection = pool.getConnection.bind(pool);
    pool.getConnection = callback => {
      const holder = this.current.getStore();
      getConnection((error, connection) => {
        if (!error && holder) this.hold(connection as unknown as Connection, holder);
        callback(error, connection);
      });
    };
    pool.on('release', connection => this.letGo(connection as unknown as Connection));
    // The driver may speak of one fault twice; nobody listening would end the process.
    pool.on('connection', connection => connection.on('error', () => undefined));
  }

  run<T>(holder: Holder, work: () => Promise<T>): Promise<T> {
    return this.current.run(holder, work);
  }

  /** Cuts what is held and kills it at the server. Resolves when it is gone there, or cannot be told so in time. */
  async giveUp(holder: Holder, patienceMs: number): Promise<void> {
    holder.isGivenUp = true;
    const connections = [...holder.connections];
    connections.forEach(cut);
    const patience = new AbortController();
    const killed = this.killing.runExclusive(async () => {
      for (const { threadId } of connections) await this.kill(threadId, patience.signal);
    });
    await Promise.race([killed, delay(patienceMs, undefined, { ref: false })]);
    patience.abort();
  }

  private hold(connection: Connection, holder: Holder): void {
    this.letGo(connection);
    this.holderOf.set(connection, holder);
    holder.connections.add(connection);
    if (holder.isGivenUp) cut(connection);
  }

  private letGo(connection: Connection): void {
    this.holderOf.get(connection)?.connections.delete(connection);
  }

  /** The place that the cut connection had in the pool is free for this. */
  private async kill(threadId: number, patience: AbortSignal): Promise<void> {
    while (!patience.aborted && (await this.isThere(threadId))) await delay(KILL_PAUSE_MS);
  }

  private isThere(threadId: number): Promise<boolean> {
    return new Promise(resolve =>
      this.pool.query({ sql: `kill ${threadId}`, timeout: KILL_TIMEOUT_MS }, error =>
        resolve(error?.code !== 'ER_NO_SUCH_THREAD'),
      ),
    );
  }
}

const cut = ({ stream }: Connection): void => void stream.destroy(new Error('given up'));
