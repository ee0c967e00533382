import { CancelTask, replayTopic, TaskCompleted, TaskDeleted, message } from '@castad/contracts';
import { Database, newId } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Message as KafkaRecord } from '@castad/kafkajs';
import { FORCE_HEADER, noteDeleted } from '../src/index.ts';
import { enter } from './ledger.ts';
import { cancels, range, recordOf, Scene } from './scene.ts';

jest.setTimeout(60_000);

let scene: Scene;
let app: NestFastifyApplication;

beforeAll(async () => {
  scene = await Scene.start();
  app = await scene.boot();
});

afterAll(() => scene?.end());

it('keeps the order of each key over many keys and partitions', async () => {
  const taskIds = Array.from({ length: 60 }, newId);
  for (let from = 1; from <= 30; from += 10)
    await scene.bed.topics.send(range(from, from + 9).flatMap(i => taskIds.flatMap(taskId => cancels(taskId, 1, i))));

  for (const taskId of taskIds) await scene.expectRevisions(taskId, range(1, 30));
  const partitions = new Set((await scene.bed.topics.read(CancelTask.topic)).map(({ partition }) => partition));
  expect(partitions.size).toBeGreaterThan(6);
});

it('lets a record that comes three times take effect once', async () => {
  const [together, apart] = [newId(), newId()];
  const [first, second] = cancels(together, 2).map(recordOf) as [KafkaRecord, KafkaRecord];
  await scene.bed.topics.sendRaw(CancelTask.topic, [first, first, first, second]);
  await scene.bed.topics.send(cancels(apart, 1), { times: 3 });
  await scene.bed.topics.send(cancels(apart, 1, 2));

  await scene.expectRevisions(together, [1, 2]);
  await scene.expectRevisions(apart, [1, 2]);
});

it('takes ids in capitals for the same ids', async () => {
  const taskId = newId();
  const [first, marker] = cancels(taskId, 2).map(recordOf) as [KafkaRecord, KafkaRecord];
  const headers = first.headers as Record<string, string>;
  const capitals: KafkaRecord = {
    key: taskId,
    value: String(first.value).replace(taskId, taskId.toUpperCase()),
    headers: { ...headers, ce_id: String(headers.ce_id).toUpperCase(), ce_subject: taskId.toUpperCase() },
  };
  const seen = new Set<string>();
  for (const id of [taskId, taskId.toUpperCase()])
    scene.on(id, (received, context) => {
      seen.add(`${received.taskId} ${context.envelope.taskId} ${context.envelope.id}`);
      return enter(received, context);
    });
  await scene.bed.topics.sendRaw(CancelTask.topic, [capitals, first]);
  await scene.bed.topics.sendRaw(CancelTask.topic, [first, capitals, marker]);

  await scene.expectRevisions(taskId, [1, 2]);
  expect([...seen]).toEqual([first, marker].map(({ headers: of }) => `${taskId} ${taskId} ${String(of?.ce_id)}`));
});

it('handles nothing twice when the offsets of what it handled are lost', async () => {
  const taskId = newId();
  await scene.bed.topics.send(cancels(taskId, 5));
  await scene.expectRevisions(taskId, range(1, 5));
  const before = await scene.entries();
  await scene.close(app);
  const admin = scene.bed.topics.kafka.admin();
  await admin.connect();
  await admin.deleteGroups([scene.service]);
  await admin.disconnect();

  app = await scene.boot();
  await scene.bed.topics.send(cancels(taskId, 1, 6));

  await scene.expectRevisions(taskId, range(1, 6));
  await eventually(async () => expect(await scene.bed.topics.lag(scene.service, CancelTask.topic)).toBe(0));
  expect(await scene.entries()).toHaveLength(before.length + 1);
});

it('handles a replayed record again only when it is forced', async () => {
  const taskId = newId();
  const [first, marker] = cancels(taskId, 2).map(recordOf) as [KafkaRecord, KafkaRecord];
  await scene.bed.topics.sendRaw(CancelTask.topic, [first]);
  await scene.expectRevisions(taskId, [1]);

  await scene.bed.topics.sendRaw(replayTopic(scene.service), [first, marker]);
  await scene.expectRevisions(taskId, [1, 2]);

  await scene.bed.topics.sendRaw(replayTopic(scene.service), [
    { ...first, headers: { ...first.headers, [FORCE_HEADER]: 'true' } },
  ]);
  await scene.expectRevisions(taskId, [1, 2, 1]);
});

it('repeats a handler that met a row inserted meanwhile', async () => {
  const taskId = newId();
  const insert = 'insert into shared values (?, 0)';
  let calls = 0;
  scene.on(taskId, async (received, context) => {
    const { em } = context.unit;
    const rows = await em.execute('select 1 from shared where name = ?', [taskId]);
    if (++calls === 1) await scene.bed.query(scene.service, insert, [taskId]);
    if (rows.length === 0) await em.execute(insert, [taskId]);
    enter(received, context);
  });
  await scene.bed.topics.send(cancels(taskId, 1));

  await scene.expectRevisions(taskId, [1]);
  expect(calls).toBe(2);
});

it('repeats a handler that was the victim of a deadlock', async () => {
  const [taskId, first, second] = [newId(), newId(), newId()];
  const touch = 'update shared set touched = touched + 1 where name = ?';
  await scene.bed.query(scene.service, 'insert into shared values (?, 0), (?, 0)', [first, second]);
  const [halfway, called] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const other = app.get(Database).transaction('requests', async ({ em }) => {
    // Heavier than the handler's transaction, so that the server ends that one.
    for (let i = 0; i < 50; i++) await em.execute('insert into shared values (?, 0)', [newId()]);
    await em.execute(touch, [second]);
    halfway.resolve();
    await called.promise;
    await em.execute(touch, [first]);
  });
  let calls = 0;
  scene.on(taskId, async (received, context) => {
    calls++;
    await context.unit.em.execute(touch, [first]);
    called.resolve();
    await context.unit.em.execute(touch, [second]);
    enter(received, context);
  });
  await halfway.promise;
  await scene.bed.topics.send(cancels(taskId, 1));

  await scene.expectRevisions(taskId, [1]);
  await other;
  expect(calls).toBe(2);
  const touched = 'select touched from shared where name in (?, ?)';
  expect(await scene.bed.query(scene.service, touched, [first, second])).toEqual([{ touched: 2 }, { touched: 2 }]);
});

it('waits for a lock that is held for long', async () => {
  const taskId = newId();
  const touch = 'update shared set touched = 1 where name = ?';
  await scene.bed.query(scene.service, 'insert into shared values (?, 0)', [taskId]);
  const calledAgain = Promise.withResolvers<void>();
  let calls = 0;
  scene.on(taskId, async (received, context) => {
    if (++calls > 1) calledAgain.resolve();
    await context.unit.em.execute(touch, [taskId]);
    enter(received, context);
  });
  await app.get(Database).transaction('requests', async ({ em }) => {
    await em.execute(touch, [taskId]);
    await scene.bed.topics.send(cancels(taskId, 1));
    await calledAgain.promise;
  });

  await scene.expectRevisions(taskId, [1]);
  expect(await scene.deadLettersOf(taskId)).toEqual([]);
});

it('never makes a dead letter of races, however many there are', async () => {
  const taskId = newId();
  let calls = 0;
  scene.on(taskId, async (received, context) => {
    if (++calls <= 15) await context.unit.em.execute("signal sqlstate '40001' set mysql_errno = 1213");
    enter(received, context);
  });
  await scene.bed.topics.send(cancels(taskId, 2));

  await scene.expectRevisions(taskId, [1, 2]);
  expect(await scene.deadLettersOf(taskId)).toEqual([]);
});

it('drops what comes with the deletion of its task, which may be handled together with it', async () => {
  const [taskId, other] = [newId(), newId()];
  scene.on(taskId, async (received, context) => {
    await noteDeleted(context.unit.em, [taskId]);
    enter(received, context);
  });
  const deletion = recordOf(message(TaskDeleted, { taskId, revision: 9 }));
  const others = [...cancels(taskId, 20), ...cancels(other, 3)].map(recordOf);
  await scene.bed.topics.sendRaw(replayTopic(scene.service), [deletion, ...others]);
  await scene.expectRevisions(other, [1, 2, 3]);
  await eventually(async () => expect(await scene.bed.topics.lag(scene.service, replayTopic(scene.service))).toBe(0));
  expect(await scene.revisions(taskId)).toEqual([9]);
});

it('drops what is about a deleted task, alone or among others, forced or not, and hears of the deletion again', async () => {
  const [taskId, other] = [newId(), newId()];
  await app.get(Database).transaction('requests', async ({ em }) => {
    await noteDeleted(em, [taskId]);
    await noteDeleted(em, [taskId]);
  });
  const [alone] = cancels(taskId, 1).map(recordOf) as [KafkaRecord];
  await scene.bed.topics.sendRaw(CancelTask.topic, [alone]);
  await scene.bed.topics.send([...cancels(taskId, 3, 2), ...cancels(other, 3)]);
  await scene.bed.topics.send([message(TaskCompleted, { taskId, revision: 4, stage: 'song' })]);
  await scene.bed.topics.sendRaw(replayTopic(scene.service), [
    { ...alone, headers: { ...alone.headers, [FORCE_HEADER]: 'true' } },
  ]);
  await scene.expectRevisions(other, [1, 2, 3]);
  for (const topic of [CancelTask.topic, TaskCompleted.topic, replayTopic(scene.service)])
    await eventually(async () => expect(await scene.bed.topics.lag(scene.service, topic)).toBe(0));
  expect(await scene.revisions(taskId)).toEqual([]);
  await scene.bed.topics.send([message(TaskDeleted, { taskId, revision: 5 })], { times: 2 });
  await scene.expectRevisions(taskId, [5]);
  expect(await scene.deadLettersOf(taskId)).toEqual([]);
});
