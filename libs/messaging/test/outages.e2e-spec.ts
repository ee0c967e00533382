import { message, TaskCancelled } from '@castad/contracts';
import { Database, newId, Unavailable } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { headersOf, Outbox } from '../src/index.ts';
import { cancels, range, Scene } from './scene.ts';

jest.setTimeout(120_000);

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});

afterEach(() => scene.closeAll());

afterAll(() => scene?.end());

const newTasks = (count: number) => Array.from({ length: count }, newId);

const sendAll = async (taskIds: string[], count: number, from = 1): Promise<void> => {
  for (const revision of range(from, from + count - 1))
    await scene.bed.topics.send(taskIds.flatMap(taskId => cancels(taskId, 1, revision)));
};

/** Sends each task's next message again and again; when stopped, says how many each task got. */
const flow = (taskIds: string[]): { stop: () => Promise<number> } => {
  let isFlowing = true;
  const run = async (): Promise<number> => {
    for (let revision = 1; ; revision++) {
      await sendAll(taskIds, 1, revision);
      if (!isFlowing) return revision;
      await delay(20);
    }
  };
  const sent = run();
  return {
    stop: () => {
      isFlowing = false;
      return sent;
    },
  };
};

const expectAll = async (taskIds: string[], count: number): Promise<void> => {
  for (const taskId of taskIds) await scene.expectRevisions(taskId, range(1, count));
};

const handled = async (taskIds: string[]) =>
  (await scene.entries()).filter(({ taskId }) => taskIds.includes(taskId)).length;

const handlesMore = async (taskIds: string[]): Promise<void> => {
  const before = await handled(taskIds);
  await eventually(async () => expect(await handled(taskIds)).toBeGreaterThan(before + 100));
};

const statuses = async (app: NestFastifyApplication) => ({
  ready: (await scene.health(app, 'ready')).status,
  consumer: (await scene.health(app, 'consumer')).status,
});

const becomes = (app: NestFastifyApplication, ready: number, consumer: number) =>
  eventually(async () => expect(await statuses(app)).toEqual({ ready, consumer }), 60_000);

const metrics = async (app: NestFastifyApplication) => (await fetch(`${await app.getUrl()}/metrics`)).text();

const works = (app: NestFastifyApplication) => becomes(app, 200, 200);

it('loses nothing while the database is away', async () => {
  const app = await scene.boot();
  const taskIds = newTasks(8);
  await sendAll(taskIds, 5);
  await eventually(async () => expect(await handled(taskIds)).toBeGreaterThan(0));

  await scene.bed.part('mariadb').stop();
  await sendAll(taskIds, 5, 6);
  await eventually(async () => expect((await statuses(app)).ready).toBe(503));
  await scene.bed.part('mariadb').start();

  await expectAll(taskIds, 10);
  await works(app);
  for (const taskId of taskIds) expect(await scene.deadLettersOf(taskId)).toEqual([]);
});

it('starts while the database is away and works when it comes', async () => {
  const taskIds = newTasks(3);
  await scene.bed.part('mariadb').stop();
  const app = await scene.boot();
  await sendAll(taskIds, 3);
  expect((await fetch(`${await app.getUrl()}/health/live`)).status).toBe(200);
  expect((await statuses(app)).ready).toBe(503);
  await scene.bed.part('mariadb').start();

  await expectAll(taskIds, 3);
  await works(app);
});

it('keeps what it has to say while the broker is away, and says it in order', async () => {
  const app = await scene.boot();
  await works(app);
  const taskIds = newTasks(6);
  const announce = async (revision: number) => {
    for (const taskId of taskIds)
      await app
        .get(Database)
        .transaction('requests', async unit => app.get(Outbox).add(unit, message(TaskCancelled, { taskId, revision })));
  };
  for (const revision of range(1, 5)) await announce(revision);

  await scene.bed.part('kafka').stop();
  for (const revision of range(6, 15)) await announce(revision);
  const rows = await scene.bed.query(scene.service, 'select seq from outbox');
  expect(rows.length).toBeGreaterThanOrEqual(60);
  await scene.bed.part('kafka').start();

  await eventually(
    async () => expect(await scene.bed.query(scene.service, 'select seq from outbox')).toEqual([]),
    40_000,
  );
  await works(app);
  const seen = await scene.bed.topics.read(TaskCancelled.topic);
  for (const taskId of taskIds) {
    const revisions = seen.filter(({ key }) => key === taskId).map(({ data }) => data.revision);
    expect([...new Set(revisions)]).toEqual(range(1, 15));
  }
  await sendAll(taskIds, 3);
  await expectAll(taskIds, 3);
});

it('takes requests while the broker is away, and says that it handles no messages', async () => {
  const app = await scene.boot();
  await works(app);
  const up = async () => /castad_probe_up\{probe="consumer"\} (\d)/.exec(await metrics(app))?.[1];
  expect(await up()).toBe('1');

  await scene.bed.part('kafka').stop();
  await becomes(app, 200, 503);
  expect(await up()).toBe('0');
  await scene.bed.part('kafka').start();

  await works(app);
});

it('has no room for more work while too much waits for the broker, and room again afterwards', async () => {
  const app = await scene.boot({ OUTBOX_MAX_ROWS: '10' });
  await works(app);
  const outbox = app.get(Outbox);
  const announce = (taskIds: string[]) =>
    app.get(Database).transaction('requests', async unit => {
      for (const taskId of taskIds) outbox.add(unit, message(TaskCancelled, { taskId, revision: 1 }));
    });
  expect(() => outbox.assertRoom()).not.toThrow();
  await scene.bed.part('kafka').stop();
  await announce(newTasks(6));
  await announce(newTasks(6));
  await eventually(() => expect(() => outbox.assertRoom()).toThrow(Unavailable));
  await scene.bed.part('kafka').start();
  await eventually(() => expect(() => outbox.assertRoom()).not.toThrow(), 40_000);
});

it('stops in time while the broker is away, and leaves what it has to say to the next', async () => {
  const [taskId] = newTasks(1) as [string];
  const child = await scene.spawn();
  await scene.bed.part('kafka').stop();
  await scene.bed.query(scene.service, 'insert into outbox (topic, `key`, headers, value) values (?, ?, ?, ?)', [
    TaskCancelled.topic,
    taskId,
    JSON.stringify(headersOf(message(TaskCancelled, { taskId, revision: 1 }), scene.service)),
    JSON.stringify({ taskId, revision: 1 }),
  ]);
  // A process that has not drained within SHUTDOWN_TIMEOUT_MS ends itself with code 1.
  expect(await child.kill('SIGTERM')).toBe(0);
  await scene.bed.part('kafka').start();

  await scene.boot();
  await eventually(async () => {
    const seen = await scene.bed.topics.read(TaskCancelled.topic);
    expect(seen.filter(({ key }) => key === taskId).length).toBeGreaterThanOrEqual(1);
  });
});

it('starts while the broker is away and works when it comes', async () => {
  const taskIds = newTasks(3);
  await scene.bed.part('kafka').stop();
  const app = await scene.boot();
  expect((await fetch(`${await app.getUrl()}/health/live`)).status).toBe(200);
  expect(await statuses(app)).toEqual({ ready: 200, consumer: 503 });
  await scene.bed.part('kafka').start();

  await sendAll(taskIds, 3);
  await expectAll(taskIds, 3);
  await works(app);
});

it('loses nothing and doubles nothing when members join and leave under load', async () => {
  const taskIds = newTasks(30);
  const first = await scene.boot();
  const load = flow(taskIds);
  await handlesMore(taskIds);
  const second = await scene.boot();
  await works(second);
  await handlesMore(taskIds);
  await scene.close(first);
  await handlesMore(taskIds);

  await expectAll(taskIds, await load.stop());
});

it('loses nothing and doubles nothing when a member is killed under load', async () => {
  const taskIds = newTasks(30);
  const child = await scene.spawn();
  const load = flow(taskIds);
  await handlesMore(taskIds);
  await child.kill('SIGKILL');
  await scene.boot();
  await handlesMore(taskIds);

  await expectAll(taskIds, await load.stop());
});
