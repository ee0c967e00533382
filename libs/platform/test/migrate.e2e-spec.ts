import { eventually, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import mysql, { type Connection } from 'mysql2/promise';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyMigrations, loadConfig, MySqlConfig } from '../src/index.ts';
import { migrationOf, slowMigrations } from './migrations.ts';

jest.setTimeout(90_000);

const service = 'song-service';
const counter = migrationOf('0001-counter', 'create table counter (name varchar(20) primary key, value int not null)');
const note = migrationOf('0002-note', 'alter table counter add column note varchar(20) null');

let bed: TestBed;

beforeAll(async () => {
  bed = await testBed({ parts: ['kafka', 'mariadb'] });
});

beforeEach(() => bed.query(service, 'drop table if exists counter, migration'));

afterAll(() => bed?.close());

const recorded = async () =>
  (await bed.query<{ name: string }>(service, 'select name from migration order by id')).map(({ name }) => name);

const columns = async () => (await bed.query<{ Field: string }>(service, 'describe counter')).map(({ Field }) => Field);

/** Somebody in the middle of a transaction that has read the table. */
async function reader(): Promise<Connection> {
  const connection = await mysql.createConnection(bed.sandbox.databaseUrl(service));
  await connection.beginTransaction();
  await connection.query('select * from counter');
  return connection;
}

it('applies each migration once, however many processes begin at the same time', async () => {
  const env = { ...process.env, MYSQL_URL: bed.sandbox.databaseUrl(service, 'migrate') };
  const hooks = join(import.meta.dirname, '../../testing/src/swc-hooks.js');
  const args = ['--import', hooks, join(import.meta.dirname, 'migrate.main.ts')];
  const names = [1, 2, 3, 4].map(i => `migrate-${i}`);

  await Promise.all(names.map(name => bed.sandbox.tree.run({ name, command: process.execPath, args, env })));

  const said = names.map(name => readFileSync(bed.sandbox.tree.logFile(name), 'utf8').trim()).sort();
  const all = slowMigrations.map(({ name }) => name);
  expect(said).toEqual([`applied ${all.join(', ')}`, ...Array.from({ length: 3 }, () => 'nothing to migrate')]);
  expect(await recorded()).toEqual(all);
});

it('leaves alone what a newer version applied, when the older one is deployed again', async () => {
  await bed.migrate(service, [counter, note]);

  expect(await bed.migrate(service, [counter])).toEqual([]);
  expect(await recorded()).toEqual(['0001-counter', '0002-note']);
  expect(await columns()).toEqual(['name', 'value', 'note']);
});

it('applies what is missing, whatever was applied after it', async () => {
  await bed.migrate(service, [counter, migrationOf('0003-later', 'alter table counter add column later int null')]);

  expect(await bed.migrate(service, [counter, note])).toEqual(['0002-note']);
});

it('says what failed, what has taken effect and what to do', async () => {
  const halves = migrationOf(
    '0002-halves',
    'alter table counter add column first int null',
    'alter table counter add column value int null',
    'alter table counter add column third int null',
  );

  await expect(bed.migrate(service, [counter, halves, note])).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(
      /^0002-halves, statement 2 of 3: .*Duplicate column.*\nIts first 1 have taken effect/,
    ),
  });
  expect(await recorded()).toEqual(['0001-counter']);
  expect(await columns()).toEqual(['name', 'value', 'first']);

  await bed.query(service, 'alter table counter drop column first');
  const mended = migrationOf('0002-halves', 'alter table counter add column first int null');
  expect(await bed.migrate(service, [counter, mended, note])).toEqual(['0002-halves', '0002-note']);
});

it('needs nobody when the first statement of a migration fails', async () => {
  const wrong = migrationOf('0002-wrong', 'alter table counter add column value int null');

  await expect(bed.migrate(service, [counter, wrong])).rejects.toThrow(/statement 1 of 1.*\nNothing of it/);
  expect(await bed.migrate(service, [counter, note])).toEqual(['0002-note']);
});

it('lets the running service go on while a change waits for a table in use', async () => {
  await bed.migrate(service, [counter]);
  const busy = await reader();
  const changing = bed.migrate(service, [counter, note]);
  await eventually(async () => {
    const waiting = "select 1 from information_schema.processlist where info like 'alter table counter%'";
    expect(await bed.query(service, waiting)).toHaveLength(1);
  });

  const other = await reader();
  await Promise.all([busy, other].map(connection => connection.end()));

  expect(await changing).toEqual(['0002-note']);
});

it('stops when its connection is gone, and its lock with it', async () => {
  await bed.migrate(service, [counter]);
  const busy = await reader();
  const changing = expect(bed.migrate(service, [counter, note])).rejects.toThrow(/0002-note, statement 1 of 1/);
  const working = "select id from information_schema.processlist where info like 'alter table counter%'";
  const [{ id }] = await eventually(async () => {
    const found = await bed.query<{ id: number }>(service, working);
    expect(found).toHaveLength(1);
    return found as [{ id: number }];
  });
  await bed.query(service, `kill ${id}`);
  await changing;

  await busy.end();
  const config = loadConfig(MySqlConfig, { MYSQL_URL: bed.sandbox.databaseUrl(service, 'migrate') });
  expect(await applyMigrations(config, [counter, note])).toEqual(['0002-note']);
});
