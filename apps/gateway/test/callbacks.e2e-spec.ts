import { RenderCalledBack, SongCalledBack } from '@castad/contracts';
import { newId } from '@castad/platform';
import { bootWith, eventually, refusal, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomBytes } from 'node:crypto';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';

jest.setTimeout(120_000);

const SERVICE = 'gateway';
const json = { 'content-type': 'application/json' };
const complete = (jobId: string) => ({ code: 200, data: { callbackType: 'complete', task_id: jobId, data: [] } });
const newToken = () => randomBytes(32).toString('base64url');

describe('callbacks at the gateway', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate(SERVICE, migrations);
    const env = {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
      DB_WAIT_MS: '1000',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
    };
    app = await bootWith(bed.env(SERVICE, env), GatewayModule, { http: setUpHttp });
    rest = new Rest(await app.getUrl());
    await eventually(async () => expect((await rest.get('/health/ready')).status).toBe(200));
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const address = (taskId: string, token: string, provider = 'suno') => `/callbacks/${provider}/${taskId}/${token}`;
  const kept = async (taskId: string) =>
    (await bed.topics.read(SongCalledBack.topic, RenderCalledBack.topic)).filter(({ key }) => key === taskId);
  const idsOf = async (taskId: string) => (await kept(taskId)).map(({ headers }) => String(headers.ce_id));
  const outbox = (taskId: string) => bed.query(SERVICE, 'select 1 from outbox where `key` = ?', [taskId]);
  const counted = async (result: string) => {
    const metrics = (await rest.get<string>('/metrics')).body;
    return Number(
      new RegExp(`castad_callbacks_total\\{provider="suno",result="${result}"\\} (\\d+)`).exec(metrics)?.[1],
    );
  };

  it('are in the log, under the key of their task, when they are answered', async () => {
    const [taskId, token] = [newId(), newToken()];
    expect((await rest.post(address(taskId, token), complete('job-1'))).status).toBe(200);
    expect(await kept(taskId)).toMatchObject([
      { type: SongCalledBack.type, topic: SongCalledBack.topic, data: { taskId, revision: 0, token, jobId: 'job-1' } },
    ]);
    const film = { id: 'render-1', status: 'succeeded' };
    expect((await rest.post(address(taskId, token, 'creatomate'), film)).status).toBe(200);
    expect((await kept(taskId)).map(({ type }) => type).sort()).toEqual([RenderCalledBack.type, SongCalledBack.type]);
    expect(await outbox(taskId)).toEqual([]);
    expect(await counted('received')).toBeGreaterThan(0);
  });

  it('have the same id each time a sender repeats them', async () => {
    const [taskId, token] = [newId(), newToken()];
    for (let times = 0; times < 3; times++) await rest.post(address(taskId, token), complete('job-1'));
    await rest.post(address(taskId, token), complete('job-2'));
    const ids = await idsOf(taskId);
    expect([ids.length, new Set(ids).size]).toEqual([4, 2]);
  });

  it('say nothing of what they claim', async () => {
    const [taskId, token] = [newId(), newToken()];
    const body = { ...complete('job-1'), secret: 'claim', data: { task_id: 'job-1', audio_url: 'http://evil/x.mp3' } };
    await rest.post(address(taskId, token), body);
    const [record] = await kept(taskId);
    expect(Object.keys(record?.data ?? {}).sort()).toEqual(['jobId', 'revision', 'taskId', 'token']);
  });

  describe('of strangers are answered, and no message', () => {
    const taskId = newId();
    const token = newToken();
    const well = address(taskId, token);
    const said = JSON.stringify(complete('job'));

    it.each<[string, string, string, Record<string, string>, number]>([
      ['of the address of former versions', `/callbacks/suno/${token}`, said, json, 200],
      ['for no task', address('my-task', token), said, json, 200],
      ['with a token that is none', address(taskId, '%F0%9F%98%80'), said, json, 200],
      ['with a token in quotes', address(taskId, "'%20or%201=1--"), said, json, 200],
      ['with a token that is far too long', address(taskId, 'x'.repeat(5_000)), said, json, 200],
      ['of another provider', address(taskId, token, '__proto__'), said, json, 200],
      ['with a broken escape', `${well}%zz`, said, json, 400],
      ['with more path', `${well}/more`, said, json, 200],
      ['to the bare address', '/callbacks/', said, json, 200],
      ['without a body', well, '', {}, 200],
      ['with an empty body of JSON', well, '', json, 200],
      ['with null', well, 'null', json, 200],
      ['with a list', well, '[1]', json, 200],
      ['with an odd job', well, '{"data":{"task_id":{"a":1}}}', json, 200],
      ['with half a body', well, '{"data":', json, 200],
      ['with a poisoned prototype', well, '{"__proto__":{"data":1}}', json, 200],
      ['deep as a well', well, '['.repeat(100_000), json, 200],
      ['as XML', well, '<x/>', { 'content-type': 'application/xml' }, 200],
      ['as files', well, 'x', { 'content-type': 'multipart/form-data; boundary=x' }, 200],
      ['of no known type', well, 'x', { 'content-type': ';' }, 415],
      ['of a megabyte', well, JSON.stringify({ x: 'x'.repeat(1_000_000) }), json, 413],
    ])('%s', async (_, path, body, headers, status) => {
      const before = await counted('refused');
      expect((await rest.call('POST', path, { body: body || undefined, headers })).status).toBe(status);
      expect(await counted('refused')).toBe(before);
    });

    it('and counted', async () => {
      expect(await kept(taskId)).toEqual([]);
      expect(await counted('unreadable')).toBeGreaterThan(5);
    });

    it('in whatever type, if they can be read', async () => {
      for (const type of ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data; boundary=x'])
        expect((await rest.call('POST', well, { body: said, headers: { 'content-type': type } })).status).toBe(200);
      expect(new Set(await idsOf(taskId)).size).toBe(1);
    });
  });

  it('wait in the outbox while the broker is away', async () => {
    const [taskId, token] = [newId(), newToken()];
    await bed.part('kafka').stop();
    try {
      const answers = await Promise.all([1, 2].map(() => rest.post(address(taskId, token), complete('job-1'))));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(await outbox(taskId)).toHaveLength(2);
    } finally {
      await bed.part('kafka').start();
    }
    await eventually(async () => expect(await outbox(taskId)).toEqual([]), 60_000);
    expect(new Set(await idsOf(taskId)).size).toBe(1);
  });

  it('are asked for again while broker and database are away', async () => {
    const [taskId, token] = [newId(), newToken()];
    await bed.part('kafka').stop();
    await bed.part('mariadb').stop();
    try {
      const answer = await rest.post(address(taskId, token), complete('job-1'));
      expect(refusal(answer)).toBe('503 CALLBACK_NOT_KEPT');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await bed.part('mariadb').start();
      await bed.part('kafka').start();
    }
    await eventually(
      async () => expect((await rest.post(address(taskId, token), complete('job-1'))).status).toBe(200),
      60_000,
    );
    await eventually(async () => expect(new Set(await idsOf(taskId)).size).toBe(1));
  });
});
