import {
  LyricFailed,
  message,
  MessageRejected,
  SongFailed,
  TaskCancelled,
  type Message,
  type MessageClass,
} from '@castad/contracts';
import { Database, Metrics, newId } from '@castad/platform';
import { eventually, type Seen } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigResourceTypes } from '@castad/kafkajs';
import { Outbox } from '../src/index.ts';
import { enter, Entry } from './ledger.ts';
import { cancels, range, Scene, textHeaders } from './scene.ts';

jest.setTimeout(60_000);

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});

afterEach(() => scene.closeAll());

afterAll(() => scene?.end());

/** Writes the next message of a task as a service does: its row is locked first. */
const announce = (app: NestFastifyApplication, taskId: string): Promise<void> =>
  app.get(Database).transaction('requests', async unit => {
    await unit.em.execute(
      'insert into shared values (?, 1) on duplicate key update touched = touched + 1',
      [taskId],
      'run',
    );
    const [row] = await unit.em.execute<[{ touched: number }]>('select touched from shared where name = ?', [taskId]);
    app.get(Outbox).add(unit, message(TaskCancelled, { taskId, revision: row.touched }));
  });

const announceAll = async (app: NestFastifyApplication, taskIds: string[], times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await Promise.all(taskIds.map(taskId => announce(app, taskId)));
};

const outboxRows = () => scene.bed.query(scene.service, 'select * from outbox');
const leases = () => scene.bed.query<{ owner: string }>(scene.service, "select owner from lease where name = 'outbox'");

const publishedBy = async (app: NestFastifyApplication): Promise<number> => {
  const metric = await app.get(Metrics).registry.getSingleMetric('castad_outbox_published_total')?.get();
  return metric?.values[0]?.value ?? 0;
};

const published = async (taskIds: string[]): Promise<Map<string, number[]>> => {
  const seen = await scene.bed.topics.read(TaskCancelled.topic);
  const revisions = (key: string) =>
    seen.filter(record => record.key === key).map(({ data }) => data.revision as number);
  return new Map(taskIds.map(taskId => [taskId, revisions(taskId)]));
};

it('publishes a message with its change, and not without it', async () => {
  const app = await scene.boot();
  const [kept, lost] = [newId(), newId()];
  const write = (taskId: string, fail: boolean) =>
    app.get(Database).transaction('requests', async unit => {
      const change = message(TaskCancelled, { taskId, revision: 1 });
      unit.insert(Object.assign(new Entry(), { messageId: newId(), ...change }));
      app.get(Outbox).add(unit, change);
      if (fail) throw new Error('changed my mind');
    });

  await expect(write(lost, true)).rejects.toThrow('changed my mind');
  await write(kept, false);

  await eventually(async () => expect(await outboxRows()).toEqual([]));
  expect(await published([kept, lost])).toEqual(
    new Map([
      [kept, [1]],
      [lost, []],
    ]),
  );
  expect(await scene.revisions(lost)).toEqual([]);
});

it('says what brought a message about', async () => {
  const app = await scene.boot();
  const taskId = newId();
  scene.on(taskId, (_, context) => context.publish(message(TaskCancelled, { taskId, revision: 1 })));
  await scene.bed.topics.send(cancels(taskId, 1));

  const headersOf = (seen: Seen[]) => seen.find(({ key }) => key === taskId)?.headers;
  const [cause, effect] = await eventually(async () => {
    const found = [
      headersOf(await scene.bed.topics.read('castad.task.commands')),
      headersOf(await scene.bed.topics.read(TaskCancelled.topic)),
    ];
    expect(found).not.toContain(undefined);
    return found;
  });
  expect(effect?.ce_causationid).toEqual(cause?.ce_id);
  expect(effect?.traceparent).toEqual(cause?.traceparent);
  expect(effect?.ce_source?.toString()).toBe(`/castad/${scene.service}`);
  await scene.close(app);
});

it('refuses a message over 256 KiB together with its change', async () => {
  const app = await scene.boot();
  const taskId = newId();
  const reason = 'x'.repeat(256 * 1024);
  const write = app.get(Database).transaction('requests', async unit => {
    unit.insert(Object.assign(new Entry(), { messageId: newId(), taskId, revision: 1 }));
    app.get(Outbox).add(unit, message(LyricFailed, { taskId, revision: 1, code: 'X', retryable: false, reason }));
  });

  await expect(write).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  expect(await scene.revisions(taskId)).toEqual([]);
});

it('publishes in the order of commits, once each, with two instances', async () => {
  const [first, second] = [await scene.boot(), await scene.boot()];
  const taskIds = Array.from({ length: 12 }, newId);

  await Promise.all([announceAll(first, taskIds, 20), announceAll(second, taskIds, 20)]);

  await eventually(async () => expect(await outboxRows()).toEqual([]));
  expect(await published(taskIds)).toEqual(new Map(taskIds.map(taskId => [taskId, range(1, 40)])));
});

it('is published by whoever commits, with two instances, and nobody keeps the lease when there is nothing to send', async () => {
  const [first, second] = [await scene.boot(), await scene.boot()];
  const taskId = newId();
  for (const app of [first, second]) {
    await eventually(async () => {
      await announce(app, taskId);
      await eventually(async () => expect(await outboxRows()).toEqual([]));
      expect(await publishedBy(app)).toBeGreaterThan(0);
    });
  }
  await eventually(async () => expect(await leases()).toEqual([]));
  const [revisions] = (await published([taskId])).values();
  expect(revisions).toEqual(range(1, revisions?.length ?? 0));
});

it('is taken over when the relay that held the lease died', async () => {
  const child = await scene.spawn();
  const [holder] = await eventually(async () => {
    const held = await leases();
    expect(held).toHaveLength(1);
    return held;
  });
  await child.kill('SIGKILL');
  expect(await leases()).toEqual([holder]);
  const app = await scene.boot();
  const taskIds = Array.from({ length: 12 }, newId);
  await announceAll(app, taskIds, 20);

  await eventually(async () => expect(await outboxRows()).toEqual([]), 15_000);
  expect(await leases()).not.toEqual([holder]);
  for (const revisions of (await published(taskIds)).values()) expect([...new Set(revisions)]).toEqual(range(1, 20));
});

it('loses nothing, doubles nothing and leaves no lease when stopped under load', async () => {
  const taskIds = Array.from({ length: 20 }, newId);
  for (const taskId of taskIds)
    scene.on(taskId, (received, context) => {
      enter(received, context);
      context.publish(message(TaskCancelled, { taskId, revision: received.revision }));
    });
  const app = await scene.boot();
  const load = range(1, 100).map(revision => taskIds.flatMap(taskId => cancels(taskId, 1, revision)));
  const sent = (async () => {
    for (const messages of load) await scene.bed.topics.send(messages);
  })();
  const handled = async () => (await scene.entries()).filter(({ taskId }) => taskIds.includes(taskId)).length;
  await eventually(async () => expect(await handled()).toBeGreaterThan(100));

  await scene.close(app);

  const atStop = await handled();
  expect(await leases()).toEqual([]);
  expect(await outboxRows()).toEqual([]);
  await sent;
  expect(atStop).toBeLessThan(2_000);
  await scene.boot();
  for (const taskId of taskIds) await scene.expectRevisions(taskId, range(1, 100));
  await eventually(async () => expect(await outboxRows()).toEqual([]));
  expect(await published(taskIds)).toEqual(new Map(taskIds.map(taskId => [taskId, range(1, 100)])));
});

const configure = async (topic: string, name: string, value: string): Promise<void> => {
  const admin = scene.bed.topics.kafka.admin();
  await admin.connect();
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }];
  await admin.alterConfigs({ validateOnly: false, resources }).finally(() => admin.disconnect());
};

/** The broker refuses what is sent to this topic, all of it or what is too large; it needs a moment to know. */
const refusing = async (topic: string, name: string, setting: string, value: string): Promise<void> => {
  await configure(topic, name, setting);
  await eventually(async () => {
    const probe = scene.bed.topics.sendRaw(topic, [{ key: newId(), value }]);
    await expect(probe).rejects.toThrow();
  }, 30_000);
};

const failures = (taskId: string, reason: string, revisions = [1]) =>
  revisions.map(revision => message(LyricFailed, { taskId, revision, code: 'X', retryable: false, reason }));

const write = (app: NestFastifyApplication, ...messages: Message[]): Promise<void> =>
  app.get(Database).transaction('requests', async unit => {
    for (const one of messages) app.get(Outbox).add(unit, one);
  });

const revisionsIn = async (type: MessageClass, taskId: string): Promise<unknown[]> =>
  (await scene.bed.topics.read(type.topic))
    .filter(({ key, type: name }) => key === taskId && name === type.type)
    .map(({ data }) => data.revision);

it('goes on beside a partition that cannot be written, repeats nothing, and catches up in order', async () => {
  const app = await scene.boot();
  const [stuck, free] = [newId(), newId()];
  await refusing(LyricFailed.topic, 'message.timestamp.before.max.ms', '0', 'x');
  try {
    await write(app, ...failures(stuck, 'waits', range(1, 600)));
    for (const revision of range(1, 5)) {
      await write(app, message(TaskCancelled, { taskId: free, revision }));
      await eventually(async () => expect(await revisionsIn(TaskCancelled, free)).toEqual(range(1, revision)), 30_000);
    }
    expect((await outboxRows()).length).toBe(600);
    expect(await revisionsIn(LyricFailed, stuck)).toEqual([]);
  } finally {
    await configure(LyricFailed.topic, 'message.timestamp.before.max.ms', '9223372036854775807');
  }
  await eventually(async () => expect((await outboxRows()).length).toBe(0), 30_000);
  expect(await revisionsIn(LyricFailed, stuck)).toEqual(range(1, 600));
});

it('dead-letters a message that the broker will never take, tells its task, and goes on behind it', async () => {
  const app = await scene.boot();
  const taskId = newId();
  await refusing(LyricFailed.topic, 'max.message.bytes', '20000', 'x'.repeat(30_000));
  try {
    await write(app, ...failures(taskId, 'small', [1]), ...failures(taskId, 'x'.repeat(30_000), [2]));
    await write(app, ...failures(taskId, 'small', [3]));
    await eventually(async () => expect((await outboxRows()).length).toBe(0), 30_000);
  } finally {
    await configure(LyricFailed.topic, 'max.message.bytes', '1048588');
  }
  expect(await revisionsIn(LyricFailed, taskId)).toEqual([1, 3]);
  expect((await scene.deadLettersOf(taskId)).map(textHeaders)).toMatchObject([
    { dl_topic: LyricFailed.topic, dl_reason: 'MESSAGE_TOO_LARGE' },
  ]);
  expect(await revisionsIn(MessageRejected, taskId)).toEqual([2]);
});

it('counts bytes and not letters, so that no batch is larger than the broker takes', async () => {
  const app = await scene.boot();
  const taskId = newId();
  const lyric = '가'.repeat(80_000);
  const failed = { code: 'X', retryable: false, reason: lyric };
  await write(app, ...range(1, 6).map(revision => message(SongFailed, { taskId, revision, ...failed })));
  await eventually(async () => expect((await outboxRows()).length).toBe(0), 30_000);
  expect(await revisionsIn(SongFailed, taskId)).toEqual(range(1, 6));
  expect((await scene.deadLettersOf(taskId)).length).toBe(0);
});
