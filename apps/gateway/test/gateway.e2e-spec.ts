import {
  CancelTask,
  deadLetterTopic,
  GenerateLyric,
  LyricFailed,
  LyricGenerated,
  message,
  type MessageClass,
  MessageRejected,
  type Plan,
  type Stage,
  TaskCompleted,
  TaskFailed,
} from '@castad/contracts';
import { newId } from '@castad/platform';
import { aPlan, bootWith, eventually, holdBack, startChild, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import mysql from 'mysql2/promise';
import { join } from 'node:path';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { eventsOf, record, tellAll, type Told } from './told.ts';

jest.setTimeout(120_000);

const SERVICE = 'gateway';
const MAIN = join(import.meta.dirname, '../src/main.ts');
const failure = { code: 'OPENAI_REFUSED', reason: 'The model refuses.', retryable: false };

interface View {
  taskId: string;
  status: string;
  revision: number;
  error?: object;
  stages: { stage: Stage; status: string; revision: number; startedAt?: string; endedAt?: string }[];
}

const permutations = <T>(items: T[]): T[][] =>
  items.length < 2
    ? [items]
    : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map(others => [item, ...others]));

describe('gateway', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let env: Record<string, string>;
  let url: string;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate(SERVICE, migrations);
    env = bed.env(SERVICE, {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
      WORKER_POLL_MS: '100',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
    });
    await open();
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const open = async () => {
    app = await bootWith(env, GatewayModule, { http: setUpHttp });
    url = await app.getUrl();
  };
  const post = async (path: string, body: object = {}): Promise<View> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.status).toBe(202);
    return (await response.json()) as View;
  };
  const order = async (more: object = {}) => {
    const { taskId } = await post('/v1/projects', {
      businessName: 'Sea Breeze Stay',
      region: 'Gangneung',
      run: true,
      withoutPhotos: true,
      ...more,
    });
    return taskId;
  };
  const project = async (taskId: string) => (await (await fetch(`${url}/v1/projects/${taskId}`)).json()) as View;
  const status = (taskId: string, expected: string) =>
    eventually(async () => expect(await project(taskId)).toMatchObject({ status: expected }));
  const tell = (...told: Told[]) => tellAll(bed.topics, told);
  /** What others said about these tasks, as it is kept. */
  const heard = (taskIds: string[]) =>
    bed.query(SERVICE, "select 1 from task_event where task_id in (?) and type not like 'Task%'", [taskIds]);
  const announced = async (type: MessageClass, taskIds: string[]) =>
    (await bed.topics.read(type.topic)).filter(seen => seen.type === type.type && taskIds.includes(seen.key));

  it('orders a lyric with the whole plan in the command', async () => {
    const taskId = await order({
      description: 'By the sea.',
      music: { durationSeconds: 20, style: 'jazz' },
      stopAfter: 'song',
    });
    await eventually(async () => {
      const [command, ...others] = await announced(GenerateLyric, [taskId]);
      expect(others).toEqual([]);
      expect(command?.data).toMatchObject({
        taskId,
        revision: 1,
        plan: {
          brief: { businessName: 'Sea Breeze Stay', region: 'Gangneung', description: 'By the sea.' },
          language: 'ko',
          music: { durationSeconds: 20, style: 'jazz' },
          video: { format: '9:16' },
          imageIds: [],
          stopAfter: 'song',
        },
      });
      const left = new Date((command?.data.plan as Plan).deadline).getTime() - Date.now();
      expect(left).toBeGreaterThan(40 * 60_000);
    });
  });

  describe('folds what the services say', () => {
    it('to the same film in whatever order it hears of it, each twice, and completes it once', async () => {
      const orders = permutations([0, 1, 2, 3, 4]);
      const taskIds: string[] = [];
      for (let i = 0; i < orders.length; i += 20)
        taskIds.push(...(await Promise.all(orders.slice(i, i + 20).map(() => order()))));
      const films = taskIds.map(taskId => eventsOf(taskId));
      for (let round = 0; round < 5; round++) {
        const told = films.map((film, i) => film[orders[i]?.[round] as number] as Told);
        await tell(...told, ...told);
        await eventually(async () => {
          expect(await heard(taskIds)).toHaveLength(films.length * 2 * (round + 1));
        });
      }

      const stages = await bed.query<{ name: string }>(
        SERVICE,
        `select distinct name, revision, output, files, error, ended_at from stage_attempt
         where task_id in (?) order by name`,
        [taskIds],
      );
      expect(stages.map(({ name }) => name)).toEqual(['lyric', 'song', 'video']);
      expect(
        await bed.query(SERVICE, 'select distinct status from task_order where task_id in (?)', [taskIds]),
      ).toEqual([{ status: 'done' }]);
      await eventually(async () => {
        const ends = await announced(TaskCompleted, taskIds);
        expect(ends.map(({ key }) => key).sort()).toEqual(taskIds.toSorted());
        expect(ends.every(({ data }) => data.stage === 'video' && data.revision === 1)).toBe(true);
      });
      const { stages: views } = await project(taskIds[60] as string);
      expect(views.map(({ stage, status, endedAt }) => [stage, status, endedAt])).toEqual([
        ['lyric', 'completed', '2026-01-01T00:00:01.000Z'],
        ['song', 'completed', '2026-01-01T00:00:03.000Z'],
        ['video', 'completed', '2026-01-01T00:00:05.000Z'],
      ]);
    });

    it('without minding late news of an older order', async () => {
      const taskId = await order({ stopAfter: 'lyric' });
      const [first] = eventsOf(taskId, 1, aPlan({ stopAfter: 'lyric' }));
      await tell(first);
      await status(taskId, 'waiting');
      expect(await post(`/v1/projects/${taskId}/lyric`, { again: true })).toMatchObject({ revision: 2 });
      await tell({ event: message(LyricFailed, { taskId, revision: 1, ...failure }), second: 9 }, first);
      const [second] = eventsOf(taskId, 2, aPlan({ stopAfter: 'lyric' }));
      await eventually(async () => expect(await heard([taskId])).toHaveLength(3));
      expect(await project(taskId)).toMatchObject({
        status: 'processing',
        stages: [{ status: 'running', revision: 2 }, {}, {}],
      });
      await tell(second);
      await status(taskId, 'waiting');
      expect(await announced(TaskFailed, [taskId])).toEqual([]);
    });

    it('and fails the order once, with the reason of the stage that failed', async () => {
      const taskId = await order();
      const failed = { event: message(LyricFailed, { taskId, revision: 1, ...failure }), second: 3 };
      await tell(failed, failed);
      await status(taskId, 'failed');
      expect(await project(taskId)).toMatchObject({
        error: failure,
        stages: [{ stage: 'lyric', status: 'failed', error: failure }, { status: 'pending' }, { status: 'pending' }],
      });
      await tell(...eventsOf(taskId));
      await eventually(async () =>
        expect(await project(taskId)).toMatchObject({ status: 'failed', stages: [{}, {}, { status: 'completed' }] }),
      );
      expect((await announced(TaskFailed, [taskId])).map(({ data }) => data)).toEqual([
        { taskId, revision: 1, stage: 'lyric', ...failure },
      ]);
      expect(await announced(TaskCompleted, [taskId])).toEqual([]);
    });

    it('and keeps what is about no project, without an end to announce', async () => {
      const stranger = newId();
      await tell(...eventsOf(stranger));
      const taskId = await order();
      await tell(...eventsOf(taskId));
      await status(taskId, 'completed');
      expect((await fetch(`${url}/v1/projects/${stranger}`)).status).toBe(404);
      expect(await announced(TaskCompleted, [stranger])).toEqual([]);
    });
  });

  it('dead-letters a poison message and goes on', async () => {
    const [poisoned, taskId] = [await order(), await order()];
    const [lyric] = eventsOf(poisoned);
    const value = JSON.stringify({ ...lyric.event, lyric: 'la la la' });
    await bed.topics.sendRaw(LyricGenerated.topic, [{ ...record(lyric), value }]);
    await tell(...eventsOf(taskId));
    await status(taskId, 'completed');
    await eventually(async () => {
      const dead = (await bed.topics.read(deadLetterTopic(SERVICE))).filter(({ key }) => key === poisoned);
      expect(dead.map(({ headers }) => String(headers.dl_reason))).toEqual(['INVALID']);
    });
  });

  describe('ends an order whose time is over', () => {
    const overdue = (...taskIds: string[]) =>
      bed.query(SERVICE, 'update task_order set due_at = now(3), deadline = now(3) where task_id in (?)', [taskIds]);
    const end = (taskId: string) =>
      eventually(async () => {
        const ends = await announced(TaskFailed, [taskId]);
        expect(ends).toHaveLength(1);
        return ends[0]?.data;
      });

    it('once though two look after it, at the stage that was not finished', async () => {
      const other = await bootWith(env, GatewayModule, { http: setUpHttp });
      try {
        const taskIds = await Promise.all(Array.from({ length: 10 }, () => order()));
        const [taskId] = taskIds as [string];
        await tell(eventsOf(taskId)[0]);
        await eventually(async () =>
          expect(await project(taskId)).toMatchObject({ stages: [{ status: 'completed' }, {}, {}] }),
        );
        await overdue(...taskIds);
        expect(await end(taskId)).toMatchObject({ code: 'STAGE_TIMEOUT', stage: 'song', retryable: true });
        for (const id of taskIds) await end(id);
        expect(await project(taskId)).toMatchObject({
          status: 'failed',
          stages: [{}, { stage: 'song', status: 'failed' }, {}],
        });
      } finally {
        await other.close();
      }
    });

    it('once though there are more than two can end at a time', async () => {
      const other = await bootWith(env, GatewayModule, { http: setUpHttp });
      try {
        const taskIds: string[] = [];
        while (taskIds.length < 300) taskIds.push(...(await Promise.all(Array.from({ length: 20 }, () => order()))));
        await overdue(...taskIds);
        for (const type of [TaskFailed, CancelTask])
          await eventually(async () =>
            expect((await announced(type, taskIds)).map(({ key }) => key).sort()).toEqual(taskIds.toSorted()),
          );
      } finally {
        await other.close();
      }
    });

    it('though somebody is busy with another one, whose turn comes later', async () => {
      const [busy, taskId] = [await order(), await order()];
      const rival = await mysql.createConnection({ uri: bed.sandbox.databaseUrl(SERVICE) });
      try {
        await rival.beginTransaction();
        await rival.query('update task_order set due_at = now(3) where task_id = ?', [busy]);
        await rival.query('update task_order set due_at = now(3) + interval 1 second where task_id = ?', [taskId]);
        await rival.commit();
        await rival.beginTransaction();
        await rival.query('select 1 from task_order where task_id = ? for update', [busy]);
        await end(taskId);
        expect(await project(busy)).toMatchObject({ status: 'processing' });
      } finally {
        await rival.end();
      }
      await end(busy);
    });

    it('with the word of the service that dead-lettered a message of it', async () => {
      const taskId = await order();
      const event = message(MessageRejected, {
        taskId,
        revision: 1,
        service: 'song-service',
        messageType: 'LyricGenerated.v1',
        reason: 'it is odd',
      });
      await tell({ event, second: 1 });
      await eventually(async () =>
        expect(
          await bed.query(SERVICE, 'select 1 from task_order where task_id = ? and rejection is not null', [taskId]),
        ).toHaveLength(1),
      );
      await overdue(taskId);
      expect(await end(taskId)).toMatchObject({
        code: 'MESSAGE_REJECTED',
        reason: 'song-service could not handle LyricGenerated.v1: it is odd',
      });
    });
  });

  it('killed before it could commit a message, hears it once when it comes again', async () => {
    const taskId = await order({ stopAfter: 'lyric' });
    const lyric = record(eventsOf(taskId, 1, aPlan({ stopAfter: 'lyric' }))[0]);
    await app.close();
    const child = await startChild(bed, MAIN, env);
    const held = await holdBack(bed, SERVICE, lyric.headers.ce_id as string);
    await bed.topics.sendRaw(LyricGenerated.topic, [lyric]);
    await held.reached();
    await child.kill('SIGKILL');
    await held.letGo();
    await open();
    await status(taskId, 'waiting');
    expect(await heard([taskId])).toHaveLength(1);
    await eventually(async () => expect(await announced(TaskCompleted, [taskId])).toHaveLength(1));
  });
});
