import { PARTITIONS, services, topics as allTopics } from '@castad/contracts';
import { applyMigrations, loadConfig, MySqlConfig, newId } from '@castad/platform';
import { eventually } from '@castad/testing';
import { Migration } from '@mikro-orm/migrations';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AssignerProtocol, type GroupDescription } from '@castad/kafkajs';
import mysql from 'mysql2/promise';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(360_000);

const EVERY_MS = 700;
const ALONE = 'song-service';

describe('a system of two instances of each service', () => {
  let studio: Studio;
  let stopNewer: () => Promise<void>;
  const taskIds: string[] = [];

  beforeAll(async () => {
    studio = await startStudio({
      instances: Object.fromEntries(services.map(name => [name, 2])),
      appEnv: { 'song-service': { SUNO_POLL_MS: '500' }, 'video-service': { CREATOMATE_POLL_MS: '500' } },
    });
    stopNewer = await sayItAsANewerVersionWould(studio);
  });

  afterAll(async () => {
    await stopNewer?.();
    await studio?.close();
  });

  /** Waits for every film so far: completed and paid once, and nothing left in any partition. */
  const expectAllDone = async () => {
    for (const taskId of taskIds) {
      const { status, error } = await studio.ended(taskId, 120_000);
      expect({ taskId, status, error }).toEqual({ taskId, status: 'completed' });
    }
    expect(await studio.submits('suno')).toHaveLength(taskIds.length);
    expect(await studio.submits('creatomate')).toHaveLength(taskIds.length);
    for (const { groupId, members } of await groups(studio)) {
      const { subscribed, assigned } = sharesOf(members);
      const all = subscribed.flatMap(topic => Array.from({ length: PARTITIONS }, (_, i) => `${topic} ${i}`));
      expect({ groupId, assigned: assigned.sort() }).toEqual({ groupId, assigned: all.sort() });
      for (const topic of subscribed)
        await eventually(
          async () => expect([topic, await studio.topics.lag(groupId, topic)]).toEqual([topic, 0]),
          60_000,
        );
    }
  };

  it('is replaced process by process, on a schema that has grown, and no order notices', async () => {
    const gateways = studio.system.services.filter(({ name }) => name === 'gateway').map(({ url }) => url);
    const rolled = new AbortController();
    const ordering = orderUntil(rolled.signal, gateways, taskIds);
    const ends: string[] = [];
    try {
      for (const name of services) {
        await grow(studio, name);
        for (const instance of [1, 2]) {
          ends.push(`${name} ${instance}: ${await studio.system.stopService(name, instance)}`);
          await studio.system.startService(name, instance);
        }
      }
    } finally {
      rolled.abort();
      await ordering;
    }

    expect(ends).toEqual(services.flatMap(name => [1, 2].map(instance => `${name} ${instance}: exit code 0`)));
    expect(taskIds.length).toBeGreaterThan(10);
    await expectAllDone();
  });

  it(`loses nothing while ${ALONE} alone is away, and takes its former version back`, async () => {
    taskIds.push(await studio.order());
    for (const instance of [1, 2]) expect(await studio.system.stopService(ALONE, instance)).toBe('exit code 0');
    taskIds.push(await studio.order());

    // What runs here knows nothing of what `grow` did: it is the former version, on the schema of its successor.
    expect(await migrate(studio, ALONE)).toBe('nothing to migrate');
    for (const instance of [1, 2]) await studio.system.startService(ALONE, instance);

    await expectAllDone();
  });
});

/** Orders films as a client does that sends a refused request once more, to another process, under the same key. */
async function orderUntil(stopped: AbortSignal, gateways: string[], taskIds: string[]): Promise<void> {
  for (let turn = 0; !stopped.aborted; turn++) {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': newId() },
      body: JSON.stringify({
        businessName: 'Sea Breeze Stay',
        region: 'Gangneung',
        language: 'en',
        music: { durationSeconds: 10 },
        run: true,
        withoutPhotos: true,
      }),
    };
    const send = (to: number) => fetch(`${gateways[to % gateways.length]}/v1/projects`, init);
    const first = await send(turn).catch(() => undefined);
    const answer = !first || first.status === 503 ? await send(turn + 1) : first;
    if (answer.status !== 202) throw new Error(`an order was answered ${answer.status}: ${await answer.text()}`);
    taskIds.push(((await answer.json()) as { taskId: string }).taskId);
    await delay(EVERY_MS);
  }
}

/** Says every message again with properties that nobody here knows, and something that nobody here knows at all. */
async function sayItAsANewerVersionWould({ topics }: Studio): Promise<() => Promise<void>> {
  const consumer = topics.kafka.consumer({ groupId: 'newer', maxWaitTimeInMs: 20 });
  await consumer.connect();
  await consumer.subscribe({ topics: Object.values(allTopics).map(({ name }) => name), fromBeginning: false });
  const joined = new Promise<void>(resolve => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    eachMessage: async ({ topic, message: { key, value, headers } }) => {
      if (headers?.newer) return;
      const newer = JSON.stringify(withMore(JSON.parse(value?.toString() ?? '{}')));
      await topics.sendRaw(topic, [
        { key, value: newer, headers: { ...headers, ce_id: newId(), newer: 'yes' } },
        { key, value: newer, headers: { ...headers, ce_id: newId(), ce_type: 'AddedLater.v1', newer: 'yes' } },
      ]);
    },
  });
  await joined;
  return () => consumer.disconnect();
}

function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== 'object' || value === null) return value;
  const more = Object.entries(value).map(([name, part]) => [name, withMore(part)] as const);
  return Object.fromEntries([...more, ['addedLater', 'by a newer version']]);
}

/** What the next version's migrations do first: a column that may be empty in each table, and a table. */
async function grow({ sandbox }: Studio, service: string): Promise<void> {
  const url = sandbox.databaseUrl(service, 'migrate');
  const connection = await mysql.createConnection(url);
  const [tables] = await connection.query("show full tables where Table_type = 'BASE TABLE'");
  await connection.end();
  const names = (tables as object[]).map(row => Object.values(row)[0] as string).filter(name => name !== 'migration');
  const statements = [
    ...names.map(name => `alter table ${name} add column added_later json null`),
    'create table added_later (id int not null primary key)',
  ];
  const migrations = statements.map((sql, i) => ({
    name: `9999-added-later-${i}`,
    class: class extends Migration {
      override up(): void {
        this.addSql(sql);
      }
    },
  }));
  expect(await applyMigrations(loadConfig(MySqlConfig, { MYSQL_URL: url }), migrations)).toHaveLength(
    statements.length,
  );
}

/** Runs the migrations of the built service; returns what it says. */
async function migrate({ sandbox }: Studio, service: string): Promise<string> {
  const [name, file] = [`again-${service}`, join(import.meta.dirname, `../dist/apps/${service}/migrate.js`)];
  const env = { MYSQL_URL: sandbox.databaseUrl(service, 'migrate') };
  await sandbox.tree.run({ name, command: process.execPath, args: [file], env });
  return readFileSync(sandbox.tree.logFile(name), 'utf8').trim();
}

async function groups({ topics }: Studio): Promise<GroupDescription[]> {
  const admin = topics.kafka.admin();
  await admin.connect();
  const described = await admin.describeGroups([...services]);
  await admin.disconnect();
  return described.groups;
}

/** The topics a group subscribes to, and the partitions its members were given. */
function sharesOf(members: GroupDescription['members']): { subscribed: string[]; assigned: string[] } {
  const subscribed = members.flatMap(
    ({ memberMetadata }) => AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? [],
  );
  const assigned = members.flatMap(({ memberAssignment }) =>
    Object.entries(AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {}).flatMap(
      ([topic, partitions]) => partitions.map(partition => `${topic} ${partition}`),
    ),
  );
  return { subscribed: [...new Set(subscribed)], assigned };
}
