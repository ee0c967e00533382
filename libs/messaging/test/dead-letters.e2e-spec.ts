import { CancelTask, Message, message, MessageRejected, TaskCancelled } from '@castad/contracts';
import { newId } from '@castad/platform';
import { bootWith, eventually, type Seen } from '@castad/testing';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Message as KafkaRecord } from '@castad/kafkajs';
import { createHash } from 'node:crypto';
import { DeadLetterLog, Handle } from '../src/index.ts';
import { enter, ledger } from './ledger.ts';
import { cancels, range, recordOf, Scene, textHeaders } from './scene.ts';

/** With its key and header it fills a record batch to the last byte that the broker takes. */
const LARGEST_VALUE = 1_048_588 - 130;

jest.setTimeout(60_000);

let scene: Scene;
let app: NestFastifyApplication;

beforeAll(async () => {
  scene = await Scene.start();
  app = await scene.boot();
});

afterAll(() => scene?.end());

it('dead-letters one poison message of a batch of 500, unchanged, and handles 499', async () => {
  const taskId = newId();
  let calls = 0;
  scene.on(taskId, (received, context) => {
    calls++;
    if (received.revision === 250) throw new Error('no such tune');
    return enter(received, context);
  });
  const sent = cancels(taskId, 500).map(recordOf);

  await scene.bed.topics.sendRaw(CancelTask.topic, sent);

  await scene.expectRevisions(
    taskId,
    range(1, 500).filter(revision => revision !== 250),
  );
  expect(calls).toBe(250 + 500); // once together, up to the poison, and once one by one
  const [letter, ...others] = await scene.deadLettersOf(taskId);
  expect(others).toEqual([]);
  const poison = sent[249];
  const original = (await scene.bed.topics.read(CancelTask.topic)).find(
    ({ headers }) => headers.ce_id?.toString() === poison?.headers.ce_id,
  ) as Seen;
  expect(letter?.value).toEqual(original.value);
  expect(letter?.headers).toMatchObject(original.headers);
  expect(textHeaders(letter)).toMatchObject({
    dl_topic: CancelTask.topic,
    dl_partition: String(original.partition),
    dl_offset: original.offset,
    dl_reason: 'HANDLER_FAILED',
    dl_error: 'Error: no such tune',
    dl_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});

it('tells the task that a message of it was dead-lettered, and nobody a secret', async () => {
  const taskId = newId();
  const database = scene.bed.sandbox.databaseUrl(scene.service);
  scene.on(taskId, () => {
    throw new Error(`cannot reach ${database} ${'x'.repeat(5_000)}`);
  });
  await scene.bed.topics.send(cancels(taskId, 1, 7));

  const rejected = await eventually(async () => {
    const [found] = (await scene.bed.topics.read(MessageRejected.topic)).filter(({ key }) => key === taskId);
    expect(found).toBeDefined();
    return found;
  });
  expect(rejected?.type).toBe(MessageRejected.type);
  expect(rejected?.data).toEqual({
    taskId,
    revision: 7,
    service: scene.service,
    messageType: CancelTask.type,
    reason: 'Something went wrong on our side.',
  });
  const { dl_error: error } = textHeaders((await scene.deadLettersOf(taskId))[0]);
  expect(error).toHaveLength(1024);
  expect(error).toContain('cannot reach mysql://castad_song:[redacted]@');
});

it('dead-letters what is not a message, with the reason, and goes on', async () => {
  const taskId = newId();
  const [good] = cancels(taskId, 1).map(recordOf);
  const headers = good?.headers as Record<string, string>;
  const without = (name: string) => Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
  const malformed: [string, KafkaRecord][] = [
    ['UNREADABLE', { value: '', headers }],
    ['UNREADABLE', { value: null, headers }],
    ['UNREADABLE', { value: '{"taskId":', headers }],
    ['INVALID', { value: '[]', headers }],
    ['INVALID', { value: '"text"', headers }],
    ['INVALID', { value: JSON.stringify({ taskId: 'not-an-id', revision: 'one' }), headers }],
    ['UNREADABLE', { value: good?.value as string }],
    ['UNREADABLE', { value: good?.value as string, headers: without('ce_id') }],
    ['UNREADABLE', { value: good?.value as string, headers: { ...headers, ce_id: 'not-an-id' } }],
    ['UNREADABLE', { value: good?.value as string, headers: without('ce_type') }],
    ['UNREADABLE', { value: good?.value as string, headers: without('ce_subject') }],
    ['UNREADABLE', { value: good?.value as string, headers: { ...headers, ce_time: 'noon' } }],
    ['UNREADABLE', { value: Buffer.alloc(LARGEST_VALUE, 0xfe), headers: { ce_type: CancelTask.type } }],
  ];
  for (const [i, [, record]] of malformed.entries()) {
    await scene.bed.topics.sendRaw(CancelTask.topic, [{ key: taskId, ...record }]);
    await scene.bed.topics.send(cancels(taskId, 1, i + 1));
  }

  await scene.expectRevisions(taskId, range(1, malformed.length));
  const letters = await scene.deadLettersOf(taskId);
  expect(letters.map(letter => textHeaders(letter).dl_reason)).toEqual(malformed.map(([reason]) => reason));
  const digest = (value: Buffer | string | null) =>
    value === null ? null : createHash('sha1').update(value).digest('hex');
  expect(letters.map(({ value }) => digest(value))).toEqual(malformed.map(([, { value }]) => digest(value)));
});

it('skips and counts types that nobody handles here', async () => {
  const taskId = newId();
  const [known, marker] = [message(TaskCancelled, { taskId, revision: 1 }), cancels(taskId, 1)];
  const unknown = recordOf(message(TaskCancelled, { taskId, revision: 1 }));
  await scene.bed.topics.send([known]);
  await scene.bed.topics.sendRaw(CancelTask.topic, [
    { ...unknown, headers: { ...unknown.headers, ce_type: 'TaskSold.v1' } },
  ]);
  await scene.bed.topics.send(marker);

  await scene.expectRevisions(taskId, [1]);
  await eventually(async () => {
    const metrics = await (await fetch(`${await app.getUrl()}/metrics`)).text();
    expect(metrics).toContain(`castad_messages_skipped_total{type="TaskSold.v1"} 1`);
    expect(metrics).toContain(`castad_messages_skipped_total{type="${TaskCancelled.type}"} 1`);
  });
  expect(await scene.deadLettersOf(taskId)).toEqual([]);
});

it('outlives every kind of error a handler throws', async () => {
  const taskId = newId();
  const thrown = [
    new Error('error'),
    new TypeError('type'),
    new RangeError('range'),
    new SyntaxError('syntax'),
    new ReferenceError('reference'),
    new URIError('uri'),
    new EvalError('eval'),
    new AggregateError([new Error('one')], 'aggregate'),
    'text',
    undefined,
    null,
    { code: 'OBJECT' },
  ];
  scene.on(taskId, (received, context) => {
    if (received.revision % 2 === 0) return enter(received, context);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- a library's handler may
    throw thrown[(received.revision - 1) / 2];
  });
  await scene.bed.topics.send(cancels(taskId, thrown.length * 2));

  await scene.expectRevisions(
    taskId,
    thrown.map((_, i) => 2 * i + 2),
  );
  const letters = await scene.deadLettersOf(taskId);
  expect(letters.map(letter => textHeaders(letter).dl_reason)).toEqual(thrown.map(() => 'HANDLER_FAILED'));
  expect(letters.slice(0, 3).map(letter => textHeaders(letter).dl_error)).toEqual([
    'Error: error',
    'TypeError: type',
    'RangeError: range',
  ]);
});

it('takes a value that the database refuses for poison, and nothing else that it says', async () => {
  const taskId = newId();
  let isBehind = true;
  scene.on(taskId, async (received, context) => {
    if (received.revision === 1) await context.unit.em.execute('insert into shared values (?, 1)', ['x'.repeat(37)]);
    if (isBehind) await context.unit.em.execute('select a_column_to_come from shared');
    enter(received, context);
  });
  await scene.bed.topics.send(cancels(taskId, 2));

  await eventually(async () => expect(await scene.deadLettersOf(taskId)).toHaveLength(1));
  expect(await scene.revisions(taskId)).toEqual([]);
  isBehind = false;
  await scene.expectRevisions(taskId, [2]);
  expect(await scene.deadLettersOf(taskId)).toHaveLength(1);
});

it('gives up a handler that does not return, not even the second time', async () => {
  const taskId = newId();
  scene.on(taskId, (received, context) =>
    received.revision === 1 ? new Promise<void>(() => undefined) : enter(received, context),
  );
  await scene.bed.topics.send(cancels(taskId, 1));
  await scene.bed.topics.send(cancels(taskId, 1, 2));

  await eventually(async () => expect(await scene.revisions(taskId)).toEqual([2]), 55_000);
  expect((await scene.deadLettersOf(taskId)).map(letter => textHeaders(letter).dl_reason)).toEqual(['HANDLER_TIMEOUT']);
});

it('stops after ten dead letters in a row, dead-letters none twice, and goes on when told to', async () => {
  const taskId = newId();
  scene.on(taskId, (received, context) => {
    if (received.revision <= 25) throw new Error('a bad deployment');
    return enter(received, context);
  });
  const halts = (letters: number) =>
    eventually(async () => {
      const { status, checks } = await scene.health(app, 'consumer');
      expect(status).toBe(503);
      expect(checks.consumer).toContain('10 messages in a row became dead letters');
      expect(await scene.deadLettersOf(taskId)).toHaveLength(letters);
    }, 30_000);

  await scene.bed.topics.send(cancels(taskId, 26));
  await halts(10);
  await scene.close(app);
  app = await scene.boot();
  await halts(20);
  // Told again until it is heard: what was said before it halted does not count.
  const log = new DeadLetterLog(scene.bed.topics.kafka, scene.service);
  await eventually(async () => {
    await log.resumeConsumers();
    await scene.expectRevisions(taskId, [26]);
  }, 50_000);

  const revisions = (await scene.deadLettersOf(taskId)).map(({ data }) => data.revision);
  expect(revisions).toEqual(range(1, 25));
  expect((await log.open()).filter(({ reason }) => reason === '')).toEqual([]);
  await eventually(async () => expect((await scene.health(app, 'consumer')).status).toBe(200), 30_000);
}, 150_000);

it('takes a key that stays taken for poison, and not for a race without end', async () => {
  const taskId = newId();
  const insert = 'insert into shared values (?, 0)';
  await scene.bed.query(scene.service, insert, [taskId]);
  scene.on(taskId, async (received, context) => {
    if (received.revision === 1) await context.unit.em.execute(insert, [taskId]);
    enter(received, context);
  });
  await scene.bed.topics.send(cancels(taskId, 2));

  await eventually(async () => expect(await scene.revisions(taskId)).toEqual([2]), 50_000);
  const [letter, ...others] = await scene.deadLettersOf(taskId);
  expect(others).toEqual([]);
  expect(textHeaders(letter).dl_error).toContain('Duplicate entry');
});

it('does not stop for dead letters with successes between them', async () => {
  const taskId = newId();
  const records = cancels(taskId, 50).map(recordOf);
  for (const record of records.filter((_, i) => i % 2 === 0)) record.value = 'garbage';

  await scene.bed.topics.sendRaw(CancelTask.topic, records);

  await scene.expectRevisions(
    taskId,
    range(1, 50).filter(revision => revision % 2 === 0),
  );
  await eventually(async () => expect(await scene.deadLettersOf(taskId)).toHaveLength(25));
  expect((await scene.health(app, 'consumer')).status).toBe(200);
});

it('refuses to start with two handlers of one type', async () => {
  @Controller()
  class Other {
    @Handle(CancelTask)
    async onCancelTask() {}
  }
  @Module({ imports: [ledger('lyric-service')], controllers: [Other] })
  class TwoHandlers {}

  await expect(bootWith(scene.bed.env('lyric-service'), TwoHandlers)).rejects.toMatchObject({ code: 'TWO_HANDLERS' });
});

it('refuses to start with a handler of a type that is not in the catalog', async () => {
  class TaskSold extends Message {
    static readonly type = 'TaskSold.v1';
    static readonly topic = CancelTask.topic;
  }
  @Controller()
  class Other {
    @Handle(TaskSold)
    async onTaskSold() {}
  }
  @Module({ imports: [ledger('lyric-service')], controllers: [Other] })
  class UnknownType {}

  await expect(bootWith(scene.bed.env('lyric-service'), UnknownType)).rejects.toMatchObject({ code: 'UNKNOWN_TYPE' });
});
