import {
  deadLetterTopic,
  GenerateLyric,
  LyricFailed,
  LyricGenerated,
  type Message,
  message,
  type MessageClass,
  TaskDeleted,
  topics,
} from '@castad/contracts';
import { newId } from '@castad/platform';
import {
  aGenerateLyric,
  aLyric,
  aPlan,
  type ChildService,
  eventually,
  startChild,
  testBed,
  type TestBed,
} from '@castad/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { migrations } from '../src/migrations/index.ts';

jest.setTimeout(60_000);

const main = join(import.meta.dirname, '../src/main.ts');

describe('lyric-service', () => {
  let bed: TestBed;
  let service: ChildService;
  let administrator: mysql.Connection;
  let model: string;

  const start = async (changes: Record<string, string> = {}) => {
    service = await startChild(
      bed,
      main,
      bed.env('lyric-service', {
        ...changes,
        HTTP_TIMEOUT_MS: '1500',
        WORKER_LEASE_MS: '3000',
        WORKER_POLL_MS: '100',
        KAFKA_SESSION_TIMEOUT_MS: '6000',
      }),
    );
  };

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb', 'openai'] });
    await bed.migrate('lyric-service', migrations);
    administrator = await mysql.createConnection({ uri: bed.sandbox.env.MYSQL_URL, database: 'castad_lyric' });
    model = (bed.sandbox.env.OPENAI_BASE_URL as string).replace(/\/v1$/, '');
    await start();
  }, 120_000);

  afterAll(async () => {
    await administrator?.end();
    await service?.kill('SIGTERM');
    await bed?.close();
  });

  afterEach(async () => {
    await axios.post(`${model}/__sim/reset`);
  });

  const order = (changes: Partial<GenerateLyric> = {}) =>
    aGenerateLyric({ plan: aPlan({ brief: { businessName: newId(), region: 'Sokcho' } }), ...changes });
  const troubled = (fault: object) => axios.post(`${model}/__sim/faults`, { endpoint: '*', ...fault });
  const callsFor = async ({ plan }: GenerateLyric) => {
    const { data } = await axios.get<{ requests: { status: number | null; body: unknown }[] }>(
      `${model}/__sim/requests?path=/v1/chat/completions`,
    );
    return data.requests.filter(({ body }) => JSON.stringify(body).includes(plan.brief.businessName));
  };
  const rowOf = async ({ taskId }: Message) => {
    const [row] = await bed.query<Record<string, unknown>>('lyric-service', 'select * from lyric where task_id = ?', [
      taskId,
    ]);
    return row;
  };
  const ended = (order: Message, status: string) =>
    eventually(async () => expect(await rowOf(order)).toMatchObject({ status }), 30_000);
  const only = <M extends Message>(type: MessageClass<M>, { taskId }: Message): Promise<M> =>
    eventually(async () => {
      const seen = await bed.topics.read(topics.lyricEvents.name);
      const events = seen.filter(event => event.key === taskId);
      expect(events).toMatchObject([{ type: type.type }]);
      return events[0]?.data as unknown as M;
    });
  const isWaiting = (statement: string) =>
    eventually(async () => {
      const sql = "select * from information_schema.processlist where state like 'Waiting for%' and info like ?";
      expect(await bed.query('lyric-service', sql, [`${statement}%`])).not.toEqual([]);
    });

  it('keeps nothing of a deleted project, and calls no model for what is ordered late', async () => {
    const [written, troubling, unheard] = [order(), order(), order()];
    await bed.topics.send([written]);
    await ended(written, 'done');
    await troubled({ kind: 'garbage', times: 1 });
    await bed.topics.send([troubling]);
    await eventually(async () => expect(await callsFor(troubling)).not.toEqual([]));
    const commands = [written, troubling, unheard];
    await bed.topics.send(
      commands.map(({ taskId }) => message(TaskDeleted, { taskId, revision: 1 })),
      { times: 2 },
    );
    await eventually(async () => {
      const taskIds = commands.map(({ taskId }) => taskId);
      expect(
        await bed.query('lyric-service', 'select 1 from deleted_task where task_id in (?)', [taskIds]),
      ).toHaveLength(3);
      for (const command of commands) expect(await rowOf(command)).toBeUndefined();
    });
    const before = (await callsFor(troubling)).length;
    const late = commands.map(({ taskId, plan }) => aGenerateLyric({ taskId, revision: 2, plan }));
    const marker = order();
    await bed.topics.send([...commands, ...late, marker]);
    await ended(marker, 'done');
    for (const command of commands) expect(await rowOf(command)).toBeUndefined();
    expect([(await callsFor(written)).length, (await callsFor(troubling)).length, await callsFor(unheard)]).toEqual([
      1,
      before,
      [],
    ]);
    expect(await bed.topics.read(deadLetterTopic('lyric-service'))).toEqual([]);
  });

  it('writes one lyric for one order, however often it is told', async () => {
    const command = order();
    await bed.topics.send([command], { times: 3 });
    await bed.topics.send([command]);
    await ended(command, 'done');
    const event = await only(LyricGenerated, command);
    expect(event).toMatchObject({ revision: 1, plan: command.plan });
    expect(event.lyric.sections[0]?.lines.length).toBeGreaterThan(0);
    expect(await callsFor(command)).toHaveLength(1);
    expect(await rowOf(command)).toMatchObject({ attempt: 1, tries: 0 });
  });

  it('writes several drafts in one call, each in words of its own, however often it is told', async () => {
    const command = order({ drafts: 3 });
    await bed.topics.send([command], { times: 3 });
    await ended(command, 'done');
    const { lyric, drafts = [], draftsAsked } = await only(LyricGenerated, command);
    expect([drafts.length, draftsAsked, drafts[0]]).toEqual([3, 3, lyric]);
    expect(new Set(drafts.map(({ sections }) => JSON.stringify(sections))).size).toBe(3);
    expect(await callsFor(command)).toMatchObject([{ body: { max_completion_tokens: 6_000 } }]);
    expect(await rowOf(command)).toMatchObject({ attempt: 1, drafts_asked: 3 });
  });

  it('makes do with fewer drafts than were asked for', async () => {
    await troubled({ kind: 'fewer-drafts', body: 2 });
    const command = order({ drafts: 3 });
    await bed.topics.send([command]);
    await ended(command, 'done');
    const { drafts, draftsAsked } = await only(LyricGenerated, command);
    expect([drafts?.length, draftsAsked]).toEqual([2, 3]);
    expect(await callsFor(command)).toHaveLength(1);
  });

  it('gives up after three calls of which no draft came', async () => {
    await troubled({ kind: 'invalid-schema' });
    const command = order({ drafts: 3 });
    await bed.topics.send([command]);
    await ended(command, 'failed');
    expect(await only(LyricFailed, command)).toMatchObject({ code: 'OPENAI_GARBAGE', retryable: true });
    expect(await callsFor(command)).toHaveLength(3);
  });

  it.each([
    ['refuses', { kind: 'refusal' }, 'OPENAI_REFUSED', false],
    ['filters the answer', { kind: 'content-filter' }, 'OPENAI_CONTENT_FILTER', false],
  ])('fails after one call when the model %s', async (_, fault, code, retryable) => {
    await troubled(fault);
    const command = order();
    await bed.topics.send([command]);
    await ended(command, 'failed');
    expect(await only(LyricFailed, command)).toMatchObject({ code, retryable });
    expect(await callsFor(command)).toHaveLength(1);
  });

  it.each([
    ['refuses the key', { kind: 'status', status: 401 }, 'OPENAI_UNAUTHORIZED'],
    [
      'has nothing left to spend',
      { kind: 'status', status: 429, body: { error: { code: 'insufficient_quota', message: 'x' } } },
      'OPENAI_QUOTA_EXHAUSTED',
    ],
  ])('has every lyric wait while the model %s, says so, and goes on by itself', async (_, fault, code) => {
    await troubled(fault);
    const [first, second] = [order(), order()];
    await bed.topics.send([first]);
    await eventually(async () => expect(await rowOf(first)).toMatchObject({ error_code: code, status: 'ordered' }));
    await bed.topics.send([second]);
    await eventually(async () => {
      const told = await bed.topics.read(topics.taskEvents.name);
      for (const { taskId } of [first, second])
        expect(told.filter(({ key }) => key === taskId)).toMatchObject([
          { type: 'StageDelayed.v1', data: { stage: 'lyric', code, detail: expect.any(String) } },
        ]);
    });
    expect([(await callsFor(first)).length, await callsFor(second)]).toEqual([1, []]);
    await axios.post(`${model}/__sim/reset`);
    // The minute is over.
    await bed.query('lyric-service', 'update bucket set paused_until = now(3)');
    await bed.query('lyric-service', "update lyric set due_at = now(3) where status = 'ordered'");
    for (const command of [first, second]) await ended(command, 'done');
    expect(await bed.query('lyric-service', 'select pause_code from bucket')).toEqual([{ pause_code: null }]);
  });

  it.each([
    ['does not answer in time', { kind: 'hang' }, 2],
    ['breaks off', { kind: 'drop-response' }, 2],
    ['fails, which counts for nothing', { kind: 'status', status: 503 }, 1],
    ['stops in the middle', { kind: 'length' }, 2],
    ['answers something else', { kind: 'invalid-schema' }, 2],
    ['answers nothing', { kind: 'empty' }, 2],
    ['writes in another language', { kind: 'wrong-language' }, 2],
    [
      'is being loaded',
      {
        kind: 'status',
        status: 503,
        body: { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } },
      },
      1,
    ],
    ['asks to wait a moment', { kind: 'status', status: 429, headers: { 'retry-after-ms': '300' } }, 1],
    ['spends its tokens on reasoning', { kind: 'reasoning', body: 2_500 }, 2],
  ])('asks again when the model %s', async (_, fault, attempt) => {
    await troubled({ ...fault, times: 1 });
    const command = order();
    await bed.topics.send([command]);
    await ended(command, 'done');
    expect(await callsFor(command)).toHaveLength(2);
    expect(await rowOf(command)).toMatchObject({ attempt, tries: 1 });
  });

  it('reads a lyric between other words, and does without what the model does not take', async () => {
    await troubled({ kind: 'prefixed' });
    await troubled({ kind: 'unsupported', body: ['response_format'] });
    const [first, second] = [order(), order()];
    for (const command of [first, second]) {
      await bed.topics.send([command]);
      await ended(command, 'done');
      expect(await rowOf(command)).toMatchObject({ attempt: 1, tries: 0 });
    }
    expect((await callsFor(first)).map(({ status }) => status)).toEqual([400, 200]);
    expect((await callsFor(second)).map(({ status }) => status)).toEqual([200]);
  });

  it("hands on the provider's own words with the failure", async () => {
    await troubled({ kind: 'status', status: 400, body: { error: { message: 'No tokens.', param: 'max_tokens' } } });
    const command = order();
    await bed.topics.send([command]);
    await ended(command, 'failed');
    const { detail } = await only(LyricFailed, command);
    expect(detail).toBe('400 max_tokens No tokens.');
  });

  it('gives up after three calls', async () => {
    await troubled({ kind: 'invalid-json' });
    const command = order();
    await bed.topics.send([command]);
    await ended(command, 'failed');
    expect(await only(LyricFailed, command)).toMatchObject({ code: 'OPENAI_GARBAGE', retryable: true });
    expect(await callsFor(command)).toHaveLength(3);
  });

  it('gives a model that reasons the room for it, without asking a second time', async () => {
    await troubled({ kind: 'reasoning', body: 6_000 });
    await troubled({ kind: 'no-usage', times: 1 });
    const [first, second] = [order(), order()];
    for (const command of [first, second]) {
      await bed.topics.send([command]);
      await ended(command, 'done');
    }
    expect((await callsFor(first)).length).toBeLessThanOrEqual(2);
    expect((await callsFor(second)).map(({ body }) => body)).toMatchObject([{ max_completion_tokens: 10_000 }]);
  });

  it('gives a model that does not come to an end more room once', async () => {
    await troubled({ kind: 'length' });
    const command = order();
    await bed.topics.send([command]);
    await ended(command, 'failed');
    expect(await only(LyricFailed, command)).toMatchObject({ code: 'OPENAI_TRUNCATED', retryable: true });
    expect(await callsFor(command)).toHaveLength(2);
  });

  it('calls nobody for an order whose time is over', async () => {
    const command = order();
    command.plan.deadline = '2020-01-01T00:00:00.000Z';
    await bed.topics.send([command]);
    await ended(command, 'expired');
    expect(await callsFor(command)).toEqual([]);
  });

  it('dead-letters a message that it cannot read, and goes on', async () => {
    const command = order();
    const headers = { ce_id: newId(), ce_type: GenerateLyric.type, ce_subject: command.taskId };
    await bed.topics.sendRaw(GenerateLyric.topic, [{ key: command.taskId, value: '{"plan":1}', headers }]);
    await bed.topics.send([command]);
    await ended(command, 'done');
    const dead = await eventually(async () => {
      const seen = await bed.topics.read(deadLetterTopic('lyric-service'));
      expect(seen).toHaveLength(1);
      return seen[0];
    });
    expect(dead).toMatchObject({ key: command.taskId, data: { plan: 1 } });
  });

  it('handles a message again that a dead process had not finished handling', async () => {
    const command = order();
    await administrator.query('lock tables inbox write');
    await bed.topics.send([command]);
    await isWaiting('select id from inbox');
    await service.kill('SIGKILL');
    await administrator.query('unlock tables');
    expect(await rowOf(command)).toBeUndefined();
    await start();
    await ended(command, 'done');
    await only(LyricGenerated, command);
    expect(await callsFor(command)).toHaveLength(1);
  });

  it('asks again when it died with an answer it had not saved, and counts both calls', async () => {
    const command = order();
    await administrator.query('lock tables outbox write');
    await bed.topics.send([command]);
    await isWaiting('insert into `outbox`');
    await service.kill('SIGKILL');
    await administrator.query('unlock tables');
    await start();
    await ended(command, 'done');
    await only(LyricGenerated, command);
    expect(await callsFor(command)).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(await rowOf(command)).toMatchObject({ attempt: 2 });
  });

  describe('with a moderation', () => {
    beforeAll(async () => {
      await service.kill('SIGTERM');
      await start({ OPENAI_MODERATION: 'on' });
    });

    const flagging = (match: string) =>
      troubled({ endpoint: 'POST /v1/moderations', kind: 'flagged', match, body: ['violence'] });
    const refusal = { code: 'OPENAI_FLAGGED', retryable: false, detail: 'violence' };

    it('writes a lyric where nothing is flagged', async () => {
      const command = order();
      await bed.topics.send([command]);
      await ended(command, 'done');
    });

    it('ends an order whose brief is flagged, and calls no model', async () => {
      const command = order();
      await flagging(command.plan.brief.businessName);
      await bed.topics.send([command]);
      await ended(command, 'failed');
      const { reason, ...failure } = await only(LyricFailed, command);
      expect([reason, failure]).toMatchObject(['The moderation flags the brief. Change the brief.', refusal]);
      expect(await callsFor(command)).toEqual([]);
    });

    it("ends an order of a client's own words that are flagged", async () => {
      const command = order({ lyric: aLyric() });
      await flagging('Waves are calling you');
      await bed.topics.send([command]);
      await ended(command, 'failed');
      expect(await only(LyricFailed, command)).toMatchObject(refusal);
    });

    it('leaves out the drafts that are flagged', async () => {
      const command = order({ drafts: 3, plan: aPlan({ brief: { businessName: newId(), region: 'Sokcho' } }) });
      const verdict = { endpoint: 'POST /v1/moderations', kind: 'flagged', body: ['violence'] };
      // The brief passes, and the draft that is asked about first.
      await troubled({ ...verdict, after: 2 });
      await bed.topics.send([command]);
      await ended(command, 'done');
      const { drafts, draftsAsked } = await only(LyricGenerated, command);
      expect([drafts?.length, draftsAsked]).toEqual([1, 3]);
    });

    it('waits, and says so, where the model has none', async () => {
      await troubled({ endpoint: 'POST /v1/moderations', kind: 'status', status: 404 });
      const command = order();
      await bed.topics.send([command]);
      await eventually(async () =>
        expect(await rowOf(command)).toMatchObject({ error_code: 'OPENAI_NO_MODERATION', status: 'ordered' }),
      );
      expect(await callsFor(command)).toEqual([]);
    });
  });
});
