import { LyricFailed, message, TaskCancelled } from '@castad/contracts';
import { Database, newId } from '@castad/platform';
import { eventually, type Seen } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Outbox } from '../src/index.ts';
import { enter, Entry } from './ledger.ts';
import { cancels, range, Scene } from './scene.ts';

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
const leases = () => scene.bed.query<{ owner: string }>(scene.service, 'select owner from lease');

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
  expect(await leases()).toHaveLength(1);
});

it('is taken over when the relay that held the lease died', async () => {
  const child = await scene.spawn();
  const [holder] = await eventually(async () => {
    const held = await leases();
    expect(held).toHaveLength(1);
    return held;
  });
  const app = await scene.boot();
  const taskIds = Array.from({ length: 12 }, newId);
  await announceAll(app, taskIds, 10);
  await child.kill('SIGKILL');
  await announceAll(app, taskIds, 10);
  expect(await leases()).toEqual([holder]);

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
