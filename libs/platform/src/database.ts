import { FlushMode, type AnyEntity, type EntityName } from '@mikro-orm/core';
import { MikroORM, type EntityManager } from '@mikro-orm/mysql';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Semaphore, withTimeout, type SemaphoreInterface } from 'async-mutex';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { ServiceConfig } from './config.ts';
import { isBlocked, isDatabaseAway, isRace } from './database-errors.ts';
import { type DueListener, type Ending, NotJoined } from './due-listener.ts';
import { Durability, type RawConnection } from './durability.ts';
import { Unavailable } from './errors.ts';
import { type MySqlConfig, mysqlSsl } from './mysql.config.ts';
import { Holder, Holders } from './holders.ts';
import { ServerClock } from './server-clock.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** The entities of the service, listed by name. */
export const ENTITIES = Symbol('ENTITIES');

/** Who asks for a connection: a caller who waits for an answer, or work nobody waits for. */
export type Budget = 'requests' | 'background';

const RACE_TRIES = 4;

/**
 * The service's own schema. One pool, two budgets: background work can never take the connections of requests, and
 * nobody waits for one longer than DB_WAIT_MS.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly orm: MikroORM;
  /** Reaches nobody yet; but first uses at the same time would each make a pool. */
  private readonly holders: Promise<Holders>;
  private readonly budgets: Record<Budget, SemaphoreInterface>;
  private readonly listeners: { entity: string; listener: DueListener }[] = [];
  private readonly clock = new ServerClock();
  private isClosed = false;

  constructor(
    private readonly config: ServiceConfig,
    @Inject(ENTITIES) entities: EntityName[],
  ) {
    const budget = (size: number) => withTimeout(new Semaphore(size), config.DB_WAIT_MS, busy());
    this.budgets = {
      requests: budget(config.DB_REQUEST_CONNECTIONS),
      background: budget(config.DB_BACKGROUND_CONNECTIONS),
    };
    const size = config.DB_REQUEST_CONNECTIONS + config.DB_BACKGROUND_CONNECTIONS;
    this.orm = new MikroORM(
      ormOptions(config, entities, {
        pool: { max: size, idleTimeoutMillis: config.DB_IDLE_MS },
        statementMs: config.DB_TIMEOUT_MS,
        durability: new Durability(),
      }),
    );
    this.holders = this.orm.em
      .getConnection()
      .getNativeClient()
      .then(pool => new Holders(pool));
    // Whoever uses it is told.
    this.holders.catch(() => undefined);
  }

  /**
   * Runs `work` in one transaction on a fresh fork. It is repeated as a whole when it met another transaction (up to
   * 4 times) or when the connection turned out dead before the commit (once).
   * @throws Unavailable when no connection or row is free in time or the database is away
   */
  async transaction<T>(budget: Budget, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    for (let round = 1, mayJoin = true; ; round++) {
      const attempt: Attempt = { mayJoin, isCommitting: false };
      try {
        return await this.bounded(budget, isGivenUp => this.attempt(work, isGivenUp, attempt));
      } catch (error) {
        if (error instanceof NotJoined) mayJoin = false;
        else if (isRace(error) && round < RACE_TRIES) await delay(Math.random() * 20 * 2 ** round);
        else if (isBlocked(error)) throw busy(error);
        else if (!isDatabaseAway(error)) throw error;
        else if (round > 1 || attempt.isCommitting) throw away(error);
      }
    }
  }

  /** Runs `work` on a fresh fork without a transaction: for reads. */
  async read<T>(budget: Budget, work: (em: EntityManager) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await this.bounded(budget, () => work(this.fork()));
      } catch (error) {
        if (!isDatabaseAway(error)) throw error;
        if (round > 1) throw away(error);
      }
    }
  }

  /** Tells the listener of each transaction that inserts rows of `entity` or makes some due. */
  onDue(entity: EntityName, listener: DueListener): void {
    this.listeners.push({ entity: (entity as { name: string }).name, listener });
  }

  /**
   * The server's time. Asked about once a minute and carried on by the monotonic clock, so that leases do not depend
   * on this machine's wall clock.
   */
  async now(): Promise<Date> {
    const monotonic = performance.now();
    return this.clock.isFresh(monotonic) ? this.clock.at(monotonic) : this.read('background', em => this.timeBy(em));
  }

  async ping(): Promise<void> {
    await this.read('requests', em => em.getConnection().execute('select 1'));
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    await this.orm.close(true);
  }

  /**
   * The driver can wait for an answer for ever; our callers do not. The place in the budget is free again when the
   * connection really is: what the server still works on for somebody who has left counts.
   */
  private async bounded<T>(budget: Budget, run: (isGivenUp: () => boolean) => Promise<T>): Promise<T> {
    const [, release] = await this.budgets[budget].acquire();
    const holder = new Holder();
    let freed: Promise<void> | undefined;
    const limit = Promise.withResolvers<never>();
    const giveUp = (holders: Holders) => () => {
      limit.reject(tooLate());
      freed = holders.giveUp(holder, this.config.DB_TIMEOUT_MS);
    };
    let timer: NodeJS.Timeout | undefined;
    try {
      // The ORM would make another pool.
      if (this.isClosed) throw away(new Error('the service has stopped'));
      const holders = await this.holders;
      timer = setTimeout(giveUp(holders), this.config.DB_TIMEOUT_MS);
      return await Promise.race([holders.run(holder, () => run(() => holder.isGivenUp)), limit.promise]);
    } finally {
      clearTimeout(timer);
      if (freed) void freed.then(release, release);
      else release();
    }
  }

  private async attempt<T>(
    work: (unit: UnitOfWork) => Promise<T>,
    isGivenUp: () => boolean,
    attempt: Attempt,
  ): Promise<T> {
    const em = this.fork();
    const joined: ((ending: Ending) => void)[] = [];
    await em.begin();
    let unit: UnitOfWork;
    let result: T;
    try {
      unit = new UnitOfWork(em, await this.timeBy(em));
      result = await work(unit);
      await unit.flush();
      if (attempt.mayJoin) await this.join(unit, joined);
      await unit.end();
      if (isGivenUp()) throw tooLate();
      attempt.isCommitting = true;
      await em.commit();
    } catch (error) {
      // The first error tells why; a connection that cannot even roll back is thrown away by the pool.
      await em.rollback().catch(() => undefined);
      for (const end of joined) end(attempt.isCommitting ? 'unknown' : 'rolled back');
      throw error;
    }
    for (const end of joined) end('committed');
    for (const { entity, listener } of this.listeners) unit.wakesOf(entity).forEach(ms => listener.wake(ms));
    return result;
  }

  private async join(unit: UnitOfWork, joined: ((ending: Ending) => void)[]): Promise<void> {
    try {
      for (const { entity, listener } of this.listeners) {
        const end = unit.wakesOf(entity).has(0) ? await listener.join?.(unit) : undefined;
        if (!end) continue;
        joined.push(end);
        unit.taken(entity);
      }
      if (joined.length > 0) await unit.flush();
    } catch (cause) {
      throw new NotJoined('what is due could not be taken along', { cause });
    }
  }

  private async timeBy(em: EntityManager): Promise<Date> {
    const askedAt = performance.now();
    if (this.clock.isFresh(askedAt)) return this.clock.at(askedAt);
    const [row] = await em
      .getConnection()
      .execute<[{ ms: string }]>('select unix_timestamp(now(3)) * 1000 as ms', [], 'all', em.getTransactionContext());
    const answeredAt = performance.now();
    this.clock.sample(Number(row.ms), askedAt, answeredAt);
    return this.clock.at(answeredAt);
  }

  private fork(): EntityManager {
    return this.orm.em.fork({ flushMode: FlushMode.COMMIT });
  }
}

/** One try of a transaction. */
interface Attempt {
  mayJoin: boolean;
  isCommitting: boolean;
}

/** The limit of a statement is set in the words that each server alone reads: MySQL has one for SELECT only. */
function session({ pool: { idleTimeoutMillis = 0 }, statementMs }: ConnectionOptions): string[] {
  const limits =
    statementMs === undefined
      ? ''
      : `, session wait_timeout = ${Math.ceil((2 * Math.max(idleTimeoutMillis, statementMs)) / 1000)}
         /*M!100100 , session max_statement_time = ${statementMs / 1000} */
         /*!80000 , session max_execution_time = ${statementMs} */`;
  return [
    'set session transaction isolation level read committed',
    `set session time_zone = '+00:00', session innodb_lock_wait_timeout = 5 ${limits}`,
  ];
}

interface ConnectionOptions {
  pool: { max: number; idleTimeoutMillis?: number };
  /** How long the server works on one statement. Without it also nobody's connection is closed for its silence. */
  statementMs?: number;
  durability?: Durability;
}

/** One place for how we talk to MySQL: UTC, READ COMMITTED, short lock waits, no schema guessing. */
export function ormOptions(config: MySqlConfig, entities: EntityName[], options: ConnectionOptions) {
  const { pool } = options;
  const ssl = mysqlSsl(config);
  return {
    clientUrl: config.MYSQL_URL,
    entities: entities as (new () => AnyEntity)[],
    discovery: { warnWhenNoEntities: false },
    ensureDatabase: false,
    // mysql2 closes every free connection above `min` once a second, however fresh it is.
    pool: { ...pool, min: pool.max - 1 },
    timezone: 'Z',
    forceUtcTimezone: true,
    driverOptions: {
      connectTimeout: 5_000,
      ...(ssl && { ssl }),
      // MikroORM has put the values in already; the driver would look through every text for places to put them.
      queryFormat: (sql: string) => sql,
      ...(pool.idleTimeoutMillis && { stream: silenceEnds(pool.idleTimeoutMillis) }),
    },
    onCreateConnection: async (connection: unknown) => {
      const raw = connection as RawConnection;
      for (const sql of session(options)) await raw.executeQuery({ sql, parameters: [] });
      await options.durability?.look(raw);
    },
  };
}

/** A connection on which nothing moves for so long is dead, or idle and cheaply made again. */
const silenceEnds =
  (ms: number) =>
  ({ config: { host, port } }: { config: { host: string; port: number } }): Socket => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    return socket.setTimeout(ms, () =>
      socket.destroy(Object.assign(new Error('the database is silent'), { code: 'ETIMEDOUT' })),
    );
  };

const busy = (cause?: unknown) =>
  new Unavailable('DATABASE_BUSY', 'The service is busy. Try again in a moment.', cause);

const tooLate = () => away(new Error('no answer in time'));

const away = (cause: unknown) =>
  new Unavailable('DATABASE_UNAVAILABLE', 'The service cannot reach its database. Try again shortly.', cause);
