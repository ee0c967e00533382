import { CancelTask, message, replayTopic, SongFailed, TaskCompleted, topics } from '@castad/contracts';
import { newId } from '@castad/platform';
import { bootWith, eventually } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  DeadLetterLog,
  type DeadLetter,
  FORCE_HEADER,
  readTopics,
  replay,
  Restore,
  spansOf,
  type MessageContext,
  type Progress,
  type Span,
} from '../src/index.ts';
import { enter, ledger } from './ledger.ts';
import { cancels, range, Scene, textHeaders } from './scene.ts';

jest.setTimeout(60_000);

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});

afterAll(() => scene?.end());

const groups = async (): Promise<string[]> => {
  const admin = scene.bed.topics.kafka.admin();
  await admin.connect();
  const listed = await admin.listGroups().finally(() => admin.disconnect());
  return listed.groups.map(({ groupId }) => groupId);
};

const spans = async (...names: string[]): Promise<Span[]> => {
  const admin = scene.bed.topics.kafka.admin();
  await admin.connect();
  return spansOf(admin, names).finally(() => admin.disconnect());
};

const failedSong = (taskId: string, revision = 1) =>
  message(SongFailed, { taskId, revision, code: 'REFUSED', reason: 'no', retryable: false });

const copiesOf = async (taskId: string) =>
  (await scene.bed.topics.read(replayTopic(scene.service))).filter(({ key }) => key === taskId);

describe('the reader of topics', () => {
  it('ends where the topics ended when it began, takes rounds in turn, and leaves no group behind', async () => {
    const { kafka } = scene.bed.topics;
    const name = topics.videoEvents.name;
    const sent = range(1, 300).map(revision => failedSong(newId(), revision));
    await scene.bed.topics.sendRaw(
      name,
      sent.map(({ taskId }) => ({ key: taskId, value: 'early' })),
    );
    const all = await spans(name);
    const size = all.reduce((sum, { from, to }) => sum + Number(to - from), 0);
    await scene.bed.topics.sendRaw(
      name,
      sent.map(({ taskId }) => ({ key: taskId, value: 'late' })),
    );

    const rounds = [all.filter(({ partition }) => partition >= 6), all.filter(({ partition }) => partition < 6)];
    const partitions: number[] = [];
    let last = 0;
    let read = 0;
    for await (const { partition, records, done } of readTopics(kafka, rounds)) {
      partitions.push(partition);
      expect(new Set(records.map(({ value }) => String(value)))).toEqual(new Set(['early']));
      read += records.length;
      last = done;
    }

    expect(size).toBeGreaterThanOrEqual(300);
    expect([read, last]).toEqual([size, size]);
    expect(partitions.lastIndexOf(partitions.findLast(partition => partition >= 6) ?? -1)).toBeLessThan(
      partitions.findIndex(partition => partition < 6),
    );
    expect((await groups()).filter(group => group.startsWith('castad-reader'))).toEqual([]);
  });

  it('can be left in the middle', async () => {
    for await (const { records } of readTopics(scene.bed.topics.kafka, [await spans(topics.videoEvents.name)])) {
      expect(records.length).toBeGreaterThan(0);
      break;
    }
    expect((await groups()).filter(group => group.startsWith('castad-reader'))).toEqual([]);
  });
});

describe('a replay', () => {
  it('copies what matches, untouched, with its origin, and leaves the rest', async () => {
    const [mine, other] = [newId(), newId()];
    await scene.bed.topics.send(range(1, 20).flatMap(i => [mine, other].flatMap(taskId => cancels(taskId, 1, i))));
    const order = { to: scene.service, from: [CancelTask.topic], taskId: mine };
    const { kafka } = scene.bed.topics;
    const progress: Progress[] = [];

    expect(await replay(kafka, { ...order, dryRun: true })).toBe(20);
    expect(await copiesOf(mine)).toEqual([]);
    expect(await replay(kafka, { ...order, types: [TaskCompleted.type] })).toBe(0);
    expect(await replay(kafka, { ...order, onProgress: report => progress.push(report) })).toBe(20);

    const originals = (await scene.bed.topics.read(CancelTask.topic)).filter(({ key }) => key === mine);
    const copies = await copiesOf(mine);
    expect(copies.map(({ partition, value }) => [partition, value])).toEqual(
      originals.map(({ partition, value }) => [partition, value]),
    );
    expect(copies.map(textHeaders)).toEqual(
      originals.map(original => ({
        ...textHeaders(original),
        replay_of: `${original.topic}/${original.partition}/${original.offset}`,
      })),
    );
    expect(progress.at(-1)).toEqual({ done: 40, total: 40 });
    expect(await copiesOf(other)).toEqual([]);
  });

  it('copies what was sent in a time, and marks it when it is forced', async () => {
    const taskId = newId();
    await scene.bed.topics.send(cancels(taskId, 5));
    const [first] = (await scene.bed.topics.read(CancelTask.topic)).filter(({ key }) => key === taskId);
    const since = new Date(Math.max(Date.now(), Date.parse(textHeaders(first).ce_time ?? '') + 5));
    await eventually(() => expect(Date.now()).toBeGreaterThan(since.getTime() + 5));
    await scene.bed.topics.send(cancels(taskId, 3, 6));
    const until = new Date(Date.now() + 1);
    await eventually(() => expect(Date.now()).toBeGreaterThan(until.getTime() + 5));
    await scene.bed.topics.send(cancels(taskId, 2, 9));

    const order = { to: scene.service, from: [CancelTask.topic], taskId, force: true };
    expect(await replay(scene.bed.topics.kafka, { ...order, since, until })).toBe(3);

    const copies = await copiesOf(taskId);
    expect(copies.map(({ data }) => data.revision)).toEqual([6, 7, 8]);
    expect(copies.map(copy => textHeaders(copy)[FORCE_HEADER])).toEqual(['true', 'true', 'true']);
  });
});

describe('a service', () => {
  let app: NestFastifyApplication;
  const restored: string[] = [];

  beforeAll(async () => {
    @Controller()
    class Restorers {
      @Restore(SongFailed)
      onSongFailed({ taskId }: SongFailed) {
        restored.push(`${taskId} song`);
      }

      @Restore(TaskCompleted)
      onTaskCompleted({ taskId }: TaskCompleted) {
        restored.push(`${taskId} task`);
      }
    }
    @Module({
      imports: [ledger(scene.service, (received, context) => handler(received, context))],
      controllers: [Restorers],
    })
    class Restoring {}
    app = await bootWith(scene.bed.env(scene.service), Restoring);
  });

  afterAll(() => app?.close());

  let handler = (received: CancelTask, context: MessageContext): unknown => enter(received, context);

  it('restores from copies alone, and then instead of handling', async () => {
    const taskId = newId();
    const completed = message(TaskCompleted, { taskId, revision: 1, stage: 'video' });
    await scene.bed.topics.send([failedSong(taskId), completed]);
    await scene.expectRevisions(taskId, [1]);
    expect(restored).toEqual([]);

    const from = [SongFailed.topic, TaskCompleted.topic];
    await replay(scene.bed.topics.kafka, { to: scene.service, from, taskId, force: true });

    await eventually(() => expect(restored.toSorted()).toEqual([`${taskId} song`, `${taskId} task`]));
    expect(await scene.revisions(taskId)).toEqual([1]);
    const { status } = await scene.health(app, 'consumer');
    expect(status).toBe(200);
  });

  it('does not listen to the topic of what it only restores', async () => {
    const admin = scene.bed.topics.kafka.admin();
    await admin.connect();
    const committed = await admin.fetchOffsets({ groupId: scene.service, topics: [SongFailed.topic] });
    await admin.disconnect();
    expect(committed[0]?.partitions.every(({ offset }) => offset === '-1')).toBe(true);
  });

  it('handles dead letters again when they are redriven, once, and lists no more what was decided', async () => {
    const log = new DeadLetterLog(scene.bed.topics.kafka, scene.service);
    const mine = async (taskId: string) => (await log.open()).filter(letter => letter.taskId === taskId);
    const [mended, given] = [newId(), newId()];
    handler = received => {
      throw new Error(`no such tune ${received.revision}`);
    };
    await scene.bed.topics.send([...cancels(mended, 2), ...cancels(given, 1)]);
    await eventually(async () => expect((await log.open()).length).toBe(3), 30_000);
    handler = enter;
    const letters = await mine(mended);
    expect(letters.map(({ type, reason, error }) => [type, reason, error])).toEqual([
      [CancelTask.type, 'HANDLER_FAILED', 'Error: no such tune 1'],
      [CancelTask.type, 'HANDLER_FAILED', 'Error: no such tune 2'],
    ]);

    await log.redrive(letters);
    await log.redrive(letters);
    await log.discard(await mine(given));

    await scene.expectRevisions(mended, [1, 2]);
    await eventually(async () => expect(await scene.bed.topics.lag(scene.service, replayTopic(scene.service))).toBe(0));
    expect(await scene.revisions(mended)).toEqual([1, 2]);
    expect(await log.open()).toEqual([]);
    const copies = await copiesOf(mended);
    expect(copies).toHaveLength(4);
    expect(Object.keys(textHeaders(copies[0])).filter(name => name.startsWith('dl_'))).toEqual([]);
    expect(JSON.parse(String((await log.record(letters[0] as DeadLetter))?.value))).toMatchObject({
      taskId: mended,
      revision: 1,
    });
  });
});
