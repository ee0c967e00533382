import { eventually, testBed, type TestBed } from '@castad/testing';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import mysql from 'mysql2/promise';
import { Database, loadConfig, ServiceConfig, Unavailable, type UnitOfWork } from '../src/index.ts';

jest.setTimeout(60_000);

const service = 'song-service';
const schema = defineEntity({
  name: 'Counter',
  tableName: 'counter',
  properties: { name: p.string().length(20).primary(), value: p.integer() },
});
class Counter extends schema.class {
  static of(name: string): Counter {
    return Object.assign(new Counter(), { name, value: 0 });
  }
}
schema.setClass(Counter);

class CreateCounter extends Migration {
  override up(): void {
    this.addSql('create table counter (name varchar(20) not null primary key, value int not null)');
    this.addSql("insert into counter values ('a', 0), ('b', 0)");
  }
}

const migrations = [{ name: '0001-counter', class: CreateCounter }];

let bed: TestBed;
const open = new Set<Database>();

beforeAll(async () => {
  bed = await testBed({ parts: ['kafka', 'mariadb'] });
  await bed.migrate(service, migrations);
});

afterEach(async () => {
  for (const database of open) await database.onApplicationShutdown();
  open.clear();
});

afterAll(() => bed?.close());

function connect(changes: Record<string, string> = {}): Database {
  const database = new Database(loadConfig(ServiceConfig, bed.env(service, changes)), [Counter]);
  open.add(database);
  return database;
}

const add = (database: Database, name: string) =>
  database.transaction('requests', async ({ em }) => {
    await em.execute('update counter set value = value + 1 where name = ?', [name]);
  });

const valueOf = async (name: string) => {
  const [row] = await bed.query<{ value: number }>(service, 'select value from counter where name = ?', [name]);
  return row?.value;
};

const busy = { code: 'DATABASE_BUSY', retriable: true };

/** Takes connections of a budget until they are released. */
function hold(database: Database, budget: 'requests' | 'background', count: number): () => Promise<void> {
  const gate = Promise.withResolvers<void>();
  const held = Array.from({ length: count }, () => database.transaction(budget, () => gate.promise));
  return async () => {
    gate.resolve();
    await Promise.all(held);
  };
}

it('never lets background work take the connections of requests', async () => {
  const database = connect({ DB_REQUEST_CONNECTIONS: '2', DB_BACKGROUND_CONNECTIONS: '2', DB_WAIT_MS: '200' });
  const release = hold(database, 'background', 2);

  await expect(database.transaction('background', async () => 1)).rejects.toMatchObject(busy);
  await expect(database.read('background', async () => 1)).rejects.toMatchObject(busy);
  expect(await Promise.all([1, 2].map(i => database.transaction('requests', async () => i)))).toEqual([1, 2]);
  await release();
  expect(await database.transaction('background', async () => 1)).toBe(1);
});

it('never lets requests take the connections of background work', async () => {
  const database = connect({ DB_REQUEST_CONNECTIONS: '1', DB_BACKGROUND_CONNECTIONS: '1', DB_WAIT_MS: '200' });
  const release = hold(database, 'requests', 1);

  await expect(database.ping()).rejects.toMatchObject(busy);
  await expect(database.ping()).rejects.toBeInstanceOf(Unavailable);
  expect(await database.transaction('background', async () => 1)).toBe(1);
  await release();
});

it('serves everybody who waits no longer than allowed', async () => {
  const database = connect({ DB_REQUEST_CONNECTIONS: '2', DB_WAIT_MS: '30000' });
  const before = (await valueOf('a')) as number;

  await Promise.all(Array.from({ length: 100 }, () => add(database, 'a')));

  expect(await valueOf('a')).toBe(before + 100);
});

it('ends a unit of work that takes too long', async () => {
  const database = connect({ DB_TIMEOUT_MS: '300', DB_REQUEST_CONNECTIONS: '1' });
  const before = (await valueOf('a')) as number;
  const slow = database.transaction('requests', async ({ em }) => {
    await em.execute('update counter set value = value + 1 where name = ?', ['a']);
    await em.execute('select sleep(1)');
  });

  await expect(slow).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', retriable: true });
  await eventually(() => add(database, 'a'));
  expect(await valueOf('a')).toBe(before + 1);
});

/** What the server works on for this service. */
const statements = async (like = '%sleep%') =>
  (
    await bed.query<{ id: number }>(
      service,
      'select id from information_schema.processlist where user = ? and info like ?',
      [new URL(bed.sandbox.databaseUrl(service)).username, like],
    )
  ).length;

it('says once that the database may forget what it has committed, and nothing where it may not', async () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  try {
    await Promise.all([1, 2, 3].map(() => connect().ping()));
    expect(warn).not.toHaveBeenCalled();

    await bed.query(service, 'set global innodb_flush_log_at_trx_commit = 2');
    const database = connect();
    await Promise.all([1, 2, 3].map(() => database.ping()));
    await database.ping();
    expect(warn.mock.calls).toEqual([[expect.stringContaining('innodb_flush_log_at_trx_commit is 2')]]);
  } finally {
    await bed.query(service, 'set global innodb_flush_log_at_trx_commit = 1');
    warn.mockRestore();
  }
});

it('has the server limit each statement', async () => {
  const database = connect({ DB_TIMEOUT_MS: '7000', DB_IDLE_MS: '9000' });
  const sql = 'select @@session.max_statement_time as statement, @@session.wait_timeout as idle';
  const [row] = await database.read('requests', em => em.getConnection().execute<object[]>(sql));
  expect(row).toEqual({ statement: 7, idle: 18 });
});

it.each(['select sleep(30)', "update counter set value = value + sleep(30) where name = 'a'"])(
  'ends at the server what its callers gave up, and never has more there than its budget: %s',
  async sql => {
    const database = connect({ DB_TIMEOUT_MS: '400', DB_REQUEST_CONNECTIONS: '3', DB_WAIT_MS: '10000' });
    const slow = () => database.read('requests', em => em.getConnection().execute(sql, [], 'run'));
    let isOver = false;
    const all = Promise.allSettled(Array.from({ length: 12 }, slow)).finally(() => (isOver = true));
    const seen: number[] = [];
    while (!isOver) seen.push(await statements());

    expect((await all).map(({ status }) => status)).toEqual(Array(12).fill('rejected'));
    expect(Math.max(...seen)).toBeGreaterThan(0);
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
    await eventually(async () => expect(await statements()).toBe(0));
    await add(database, 'a');
  },
);

it('kills what the server itself would not end', async () => {
  const database = connect({ DB_TIMEOUT_MS: '400' });
  const endless = database.read('requests', async em => {
    await em.getConnection().execute('set statement max_statement_time = 0 for select sleep(30)');
  });

  await expect(endless).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await eventually(async () => expect(await statements()).toBe(0));
});

it('has room again after work that never ends', async () => {
  const database = connect({ DB_TIMEOUT_MS: '300', DB_REQUEST_CONNECTIONS: '1' });
  const stuck = database.transaction('requests', async ({ em }) => {
    await em.execute("update counter set value = -1 where name = 'a'");
    await new Promise(() => undefined);
  });
  await expect(stuck).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });

  // On a busy machine a new connection alone may take longer than the limit.
  await eventually(() => add(database, 'a'));
  expect(await valueOf('a')).toBeGreaterThan(0);
});

it('outlives a server that does not answer any more', async () => {
  const database = connect({ DB_TIMEOUT_MS: '500', DB_IDLE_MS: '1000' });
  const before = (await valueOf('a')) as number;
  await add(database, 'a');
  await bed.part('mariadb').kill('SIGSTOP');
  const refused = await Promise.allSettled(Array.from({ length: 10 }, () => add(database, 'a')));
  expect(refused.map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
  await bed.part('mariadb').kill('SIGCONT');

  await eventually(() => add(database, 'a'));
  expect(await valueOf('a')).toBe(before + 2);
});

it('does not let its callers see that idle connections died', async () => {
  const database = connect();
  const release = hold(database, 'requests', 4);
  await release();
  const user = new URL(bed.sandbox.databaseUrl(service)).username;
  const idle = await bed.query<{ id: number }>(
    service,
    'select id from information_schema.processlist where user = ?',
    [user],
  );
  expect(idle.length).toBeGreaterThanOrEqual(4);
  const before = (await valueOf('a')) as number;

  for (const { id } of idle) await bed.query(service, `kill ${id}`);
  await Promise.all(Array.from({ length: 4 }, () => add(database, 'a')));

  expect(await valueOf('a')).toBe(before + 4);
});

it('says that the database is away, soon, and works again when it is back', async () => {
  const database = connect();
  await add(database, 'a');
  const before = (await valueOf('a')) as number;
  await bed.part('mariadb').stop();

  await expect(add(database, 'a')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', retriable: true });
  await expect(database.ping()).rejects.toBeInstanceOf(Unavailable);
  await bed.part('mariadb').start();

  await add(database, 'a');
  expect(await valueOf('a')).toBe(before + 1);
});

it('repeats the whole transaction that lost a deadlock', async () => {
  const database = connect();
  const before = await Promise.all(['a', 'b'].map(valueOf));
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let tries = 0;
  const cross = (from: string, to: string, mine: PromiseWithResolvers<void>, other: PromiseWithResolvers<void>) =>
    database.transaction('requests', async ({ em }) => {
      tries++;
      await em.execute('update counter set value = value + 1 where name = ?', [from]);
      mine.resolve();
      await other.promise;
      await em.execute('update counter set value = value + 1 where name = ?', [to]);
    });

  await Promise.all([cross('a', 'b', first, second), cross('b', 'a', second, first)]);

  expect(tries).toBe(3);
  expect(await Promise.all(['a', 'b'].map(valueOf))).toEqual(before.map(value => (value as number) + 2));
});

it('is busy for whoever loses every time', async () => {
  let rounds = 0;
  const losing = connect().transaction('requests', async () => {
    rounds++;
    throw Object.assign(new Error('Lock wait timeout exceeded'), { code: 'ER_LOCK_WAIT_TIMEOUT' });
  });
  await expect(losing).rejects.toMatchObject(busy);
  expect(rounds).toBe(4);
});

it('wakes who waits for rows when they are committed, and not when they are not', async () => {
  const database = connect();
  let wakes = 0;
  database.onDue(Counter, { wake: () => wakes++ });
  const insert = (name: string, fail: boolean) =>
    database.transaction('requests', async unit => {
      unit.insert(Counter.of(name));
      if (fail) throw new Error('changed my mind');
    });

  await expect(insert('c', true)).rejects.toThrow('changed my mind');
  await add(database, 'a');
  expect(wakes).toBe(0);
  await insert('c', false);
  expect(wakes).toBe(1);
});

it('tells when rows will be due, once for each time and never before the commit', async () => {
  const database = connect();
  const wakes: number[] = [];
  database.onDue(Counter, { wake: afterMs => wakes.push(afterMs) });

  await database.transaction('requests', async unit => {
    for (const ms of [500, 500, 0.4, -3]) unit.wake(Counter, ms);
    await unit.flush();
    expect(wakes).toEqual([]);
  });

  expect(wakes).toEqual([500, 1, 0]);
});

it('lets who waits for rows take them in the same transaction', async () => {
  const database = connect();
  const seen: string[] = [];
  database.onDue(Counter, {
    wake: afterMs => seen.push(`woken after ${afterMs}`),
    join: async unit => {
      await unit.em.execute("update counter set value = 7 where name = 'taken'");
      unit.wake(Counter, 300);
      return ending => seen.push(ending);
    },
  });
  const insert = (name: string) => database.transaction('requests', async unit => unit.insert(Counter.of(name)));

  await insert('taken');
  expect(seen).toEqual(['committed', 'woken after 300']);
  expect(await valueOf('taken')).toBe(7);
  await expect(insert('taken')).rejects.toThrow();
  expect(seen).toHaveLength(2);
});

it('commits without whoever cannot take its rows in the same transaction', async () => {
  const database = connect();
  const seen: string[] = [];
  let isFlushed = false;
  const insert = (name: string) => database.transaction('requests', async unit => unit.insert(Counter.of(name)));
  database.onDue(Counter, {
    wake: () => seen.push('woken'),
    join: async unit => {
      await unit.em.execute('update counter set value = 7');
      if (!isFlushed) throw new Error('one of the rows is poison');
      unit.insert(Counter.of('b'));
      return ending => seen.push(ending);
    },
  });

  await insert('first');
  expect(seen).toEqual(['woken']);
  isFlushed = true;
  await insert('second');
  expect(seen).toEqual(['woken', 'rolled back', 'woken']);
  expect([await valueOf('first'), await valueOf('second')]).toEqual([0, 0]);
});

it('does at last what others wait for: once, when all else is written, what was joined too', async () => {
  const database = connect();
  const seen: unknown[] = [];
  database.onDue(Counter, {
    wake: () => seen.push('woken'),
    join: async unit => {
      await unit.em.execute("update counter set value = 7 where name = 'before'");
      return ending => seen.push(ending);
    },
  });
  const atLast = async (unit: UnitOfWork, items: string[]): Promise<void> => {
    const rows: { value: number }[] = await unit.em.execute("select value from counter where name = 'before'");
    seen.push(items, ...rows.map(({ value }) => value));
    if (items.includes('broken')) throw new Error('it cannot be done');
    unit.insert(Counter.of('last'));
  };
  const insert = (name: string, ...items: string[]) =>
    database.transaction('requests', async unit => {
      for (const item of items) unit.atLast(atLast, item);
      unit.insert(Counter.of(name));
    });

  await insert('before', 'one', 'two');
  expect(seen).toEqual([['one', 'two'], 7, 'committed', 'woken']);
  expect(await valueOf('last')).toBe(0);
  seen.length = 0;
  await expect(insert('after', 'broken')).rejects.toThrow('it cannot be done');
  expect(seen).toEqual([['broken'], 7, 'rolled back']);
  expect(await valueOf('after')).toBeUndefined();
});

it('tells the time of the server, whatever the clock of this machine says', async () => {
  jest.useFakeTimers({ now: Date.now() + 600_000, doNotFake: ['performance', 'nextTick', ...timers] });
  try {
    const database = connect();
    const now = await database.now();
    const [server] = await bed.query<{ ms: string }>(service, 'select unix_timestamp(now(3)) * 1000 as ms');
    expect(Math.abs(now.getTime() - Number(server?.ms))).toBeLessThan(5_000);
    const began = await database.transaction('requests', async unit => unit.now);
    expect(began.getTime()).toBeGreaterThanOrEqual(now.getTime());
    expect(Math.abs(began.getTime() - Date.now())).toBeGreaterThan(500_000);
  } finally {
    jest.useRealTimers();
  }
});

const timers = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
] as const;

it('gives a service its own rows and nothing else', async () => {
  const connection = await mysql.createConnection(bed.sandbox.databaseUrl(service));
  const denied = { code: expect.stringMatching(/ER_(TABLE|DB)ACCESS_DENIED_ERROR/) };
  try {
    await expect(connection.query('select count(*) from counter')).resolves.toBeDefined();
    for (const sql of [
      'select * from castad_lyric.counter',
      'insert into castad_lyric.counter values (1, 1)',
      'create table mine (id int)',
      'alter table counter add column more int',
      'drop table counter',
      'select * from mysql.user',
    ])
      await expect(connection.query(sql)).rejects.toMatchObject(denied);
  } finally {
    await connection.end();
  }
});
