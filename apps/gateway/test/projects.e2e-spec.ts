import { newId } from '@castad/platform';
import { bootWith, refusal, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import axios from 'axios';
import { Agent } from 'node:http';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';

jest.setTimeout(120_000);

const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung' };
const json = { 'content-type': 'application/json' };

interface Project {
  taskId: string;
}

interface Page {
  projects: Project[];
  hasMore: boolean;
  nextCursor?: string;
}

describe('projects', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate('gateway', migrations);
    const env = {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
    };
    app = await bootWith(bed.env('gateway', env), GatewayModule, { http: setUpHttp });
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const draft = async (changes: object = {}) =>
    (await rest.post<Project>('/v1/projects', { ...brief, ...changes })).body.taskId;

  describe('are not made, and nothing is stored, of', () => {
    const rows = () =>
      bed.query(
        'gateway',
        `select (select count(*) from project) as projects, (select count(*) from task_order) as orders,
         (select count(*) from image) as images`,
      );

    it.each<[string, unknown]>([
      ['nothing', {}],
      ['a field it does not know', { ...brief, price: 1 }],
      ['a nested field it does not know', { ...brief, music: { durationSeconds: 10, key: 'c' } }],
      ['a name that is no text', { ...brief, businessName: 7 }],
      ['an empty name', { ...brief, businessName: '' }],
      ['a name that is too long', { ...brief, businessName: 'x'.repeat(101) }],
      ['a description that is too long', { ...brief, description: 'x'.repeat(2001) }],
      ['a language it does not know', { ...brief, language: 'xx' }],
      ['a format it does not know', { ...brief, video: { format: '4:3' } }],
      ['a song that is too long', { ...brief, music: { durationSeconds: 61 } }],
      ['half a second', { ...brief, music: { durationSeconds: 10.5 } }],
      ['music that is null', { ...brief, music: null }],
      ['music that is a list', { ...brief, music: [] }],
      ['a video that is a list of videos', { ...brief, video: [{ format: '9:16' }] }],
      ['a wish that is no wish', { ...brief, run: 'yes' }],
      ['a stage it does not know', { ...brief, run: true, stopAfter: 'end' }],
      ['a list', [brief]],
      ['a text', 'film'],
      ['null', null],
    ])('%s', async (_, body) => {
      const before = await rows();
      const answer = await rest.post('/v1/projects', body);
      expect(refusal(answer)).toBe('400 INVALID_INPUT');
      expect(answer.body.errors).toEqual(expect.arrayContaining([expect.any(String)]));
      expect(await rows()).toEqual(before);
    });

    it.each<[string, string, Record<string, string>, string]>([
      ['what is not JSON', '{"businessName":', json, '400 INVALID_JSON'],
      ['an empty body', '', json, '400 INVALID_INPUT'],
      ['a poisoned prototype', '{"__proto__":{"run":true}}', json, '400 INVALID_JSON'],
      ['plain text', 'Sea Breeze Stay', { 'content-type': 'text/plain' }, '415 UNSUPPORTED_MEDIA_TYPE'],
      ['XML', '<project/>', { 'content-type': 'application/xml' }, '415 UNSUPPORTED_MEDIA_TYPE'],
      ['more than 256 KiB', JSON.stringify({ ...brief, description: 'x'.repeat(300_000) }), json, '413 TOO_LARGE'],
      [
        'a stage to stop after without a run',
        JSON.stringify({ ...brief, stopAfter: 'song' }),
        json,
        '400 STOP_AFTER_WITHOUT_RUN',
      ],
    ])('%s', async (_, body, headers, expected) => {
      const before = await rows();
      expect(refusal(await rest.call('POST', '/v1/projects', { body, headers }))).toBe(expected);
      expect(await rows()).toEqual(before);
    });
  });

  it.each([[newId()], ['7'], ['%00'], ['%F0%9F%98%80'], ["'%20or%201=1"]])('are not found as %s', async taskId => {
    const answers = [
      ...['', '/song', '/video', '/poster', '/captions.srt'].map(path => rest.get(`/v1/projects/${taskId}${path}`)),
      ...['/run', '/lyric', '/song', '/video'].map(path => rest.post(`/v1/projects/${taskId}${path}`)),
    ];
    const body = new FormData();
    body.append('images', new Blob(['x']));
    answers.push(rest.call('POST', `/v1/projects/${taskId}/images`, { body }));
    for (const answer of await Promise.all(answers)) expect(refusal(answer)).toBe('404 TASK_NOT_FOUND');
  });

  it('have no song without a lyric, no film without a song, and no results before they are there', async () => {
    const project = `/v1/projects/${await draft()}`;
    expect(refusal(await rest.post(`${project}/song`))).toBe('409 LYRIC_MISSING');
    expect(refusal(await rest.post(`${project}/video`))).toBe('409 SONG_MISSING');
    expect(refusal(await rest.post(`${project}/run`, { stopAfter: 'end' }))).toBe('400 INVALID_INPUT');
    expect(refusal(await rest.get(`${project}/song`))).toBe('404 SONG_NOT_READY');
    expect(refusal(await rest.get(`${project}/captions.srt`))).toBe('404 SONG_NOT_READY');
    expect(refusal(await rest.get(`${project}/video`))).toBe('404 VIDEO_NOT_READY');
    expect(refusal(await rest.get(`${project}/poster`))).toBe('404 VIDEO_NOT_READY');
    expect((await rest.get(project)).body).toMatchObject({ status: 'draft', revision: 0 });
  });

  it('take no photos while these cannot be stored', async () => {
    const body = new FormData();
    body.append('images', new Blob(['x']));
    const answer = await rest.call('POST', `/v1/projects/${await draft()}/images`, { body });
    expect(refusal(answer)).toBe('503 STORAGE_UNAVAILABLE');
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('refuse photos without holding up the next request of the connection', async () => {
    const url = `${await app.getUrl()}/v1/projects/${await draft()}/images`;
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let i = 0; i < 5; i++) {
        const body = new FormData();
        for (const photo of ['a', 'b', 'c']) body.append('images', new Blob([photo.repeat(100_000)]), 'photo.jpg');
        const { status } = await axios.post(url, body, { httpAgent, timeout: 5_000, validateStatus: () => true });
        expect(status).toBe(503);
      }
    } finally {
      httpAgent.destroy();
    }
  });

  describe('are listed', () => {
    const walk = async (query: string) => {
      const found: string[] = [];
      for (let cursor = ''; ;) {
        const { status, body } = await rest.get<Page>(`/v1/projects?${query}${cursor && `&cursor=${cursor}`}`);
        expect(status).toBe(200);
        found.push(...body.projects.map(({ taskId }) => taskId));
        expect(body.hasMore).toBe(body.nextCursor !== undefined);
        if (!body.nextCursor) return found;
        cursor = body.nextCursor;
      }
    };

    it('newest first, each once, found by name and status', async () => {
      const name = `Inn 100% ${newId()}`;
      const made: string[] = [];
      for (let i = 0; i < 7; i++) made.unshift(await draft({ businessName: `${name} ${i}` }));
      const named = (text: string) => `q=${encodeURIComponent(text)}`;
      for (const limit of [1, 2, 3, 7, 100]) expect(await walk(`limit=${limit}&${named(name)}`)).toEqual(made);
      expect(await walk(`limit=3&status=draft&${named(name.toUpperCase())}`)).toEqual(made);
      expect(await walk(`limit=3&status=completed&${named(name)}`)).toEqual([]);
      expect(await walk(`limit=3&${named(name.replace('%', '_'))}`)).toEqual([]);
    });

    it('by the status of their latest order, in the same order as without it', async () => {
      const name = `Motel ${newId()}`;
      const order = (taskId: string, revision: number, status: string, lastStage: string) =>
        bed.query(
          'gateway',
          `insert into task_order (task_id, revision, plan, first_stage, last_stage, status, attempt, tries, deadline,
             cause_id, traceparent, created_at) values (?, ?, '{}', 'lyric', ?, ?, 1, 1, now(3), ?, '', now(3))`,
          [taskId, revision, lastStage, status, newId()],
        );
      const stands: Record<string, [status: string, lastStage: string][]> = {
        draft: [],
        processing: [['running', 'video']],
        waiting: [['done', 'song']],
        completed: [['done', 'video']],
        failed: [['failed', 'lyric']],
        cancelled: [['cancelled', 'video']],
      };
      const made: Record<string, string[]> = {};
      for (let i = 0; i < 4; i++)
        for (const [status, latest] of Object.entries(stands)) {
          const taskId = await draft({ businessName: name });
          const orders = [...(i % 2 && latest.length > 0 ? Object.values(stands).flat() : []), ...latest];
          for (const [n, [state, lastStage]] of orders.entries()) await order(taskId, n + 1, state, lastStage);
          await bed.query('gateway', 'update project set revision = ? where task_id = ?', [orders.length, taskId]);
          (made[status] ??= []).unshift(taskId);
        }

      const ours = new Set(Object.values(made).flat());
      for (const [status, taskIds] of Object.entries(made)) {
        expect([status, await walk(`limit=3&status=${status}&q=${encodeURIComponent(name)}`)]).toEqual([
          status,
          taskIds,
        ]);
        const all = await walk(`limit=3&status=${status}`);
        expect([status, all.filter(taskId => ours.has(taskId))]).toEqual([status, taskIds]);
        expect(new Set(all).size).toBe(all.length);
      }
      await bed.query('gateway', "delete from task_order where plan = '{}'");
    });

    it('by language, the client’s own id and time, alone and together, in either order', async () => {
      const name = `Hotel ${newId()}`;
      const made: { taskId: string; createdAt: string; language: string; externalId: string }[] = [];
      for (let i = 0; i < 8; i++) {
        const [language, externalId] = [['ko', 'ja'][i % 2] as string, `${name} ${i % 3}`];
        const more = { businessName: name, language, externalId, metadata: { i: String(i) } };
        const { body } = await rest.post<(typeof made)[number]>('/v1/projects', { ...brief, ...more });
        expect(body).toMatchObject(more);
        made.unshift(body);
      }
      const [from, to] = [made[6]?.createdAt as string, made[2]?.createdAt as string];
      type Fits = (project: (typeof made)[number]) => boolean;
      const filters: [string, Fits][] = [
        ['language=ja', ({ language }) => language === 'ja'],
        [`externalId=${encodeURIComponent(`${name} 1`)}`, ({ externalId }) => externalId === `${name} 1`],
        [`createdFrom=${from}`, ({ createdAt }) => createdAt >= from],
        [`createdTo=${to}`, ({ createdAt }) => createdAt < to],
        ['status=draft', () => true],
        [`q=${encodeURIComponent(name)}`, () => true],
      ];
      const subsets = filters.reduce<[string, Fits][][]>(
        (all, filter) => [...all, ...all.map(subset => [...subset, filter])],
        [[]],
      );
      for (const subset of subsets) {
        const query = `limit=20&${subset.map(([text]) => text).join('&')}`;
        const fitting = made.filter(project => subset.every(([, fits]) => fits(project))).map(({ taskId }) => taskId);
        const ours = (found: string[]) => found.filter(taskId => made.some(project => project.taskId === taskId));
        expect([query, ours(await walk(query))]).toEqual([query, fitting]);
        expect([query, ours(await walk(`${query}&sort=oldest`))]).toEqual([query, fitting.toReversed()]);
      }
      for (const query of [
        'status=completed&language=ja',
        'status=failed&language=ja',
        `status=failed&createdFrom=${from}`,
      ])
        expect(await walk(query)).toEqual([]);
      expect(await walk(`externalId=${encodeURIComponent(`${name} 1`.toUpperCase())}`)).toEqual([]);
    });

    it.each([
      ['projects?cursor=x'],
      ['projects?cursor='],
      ['projects?limit=0'],
      ['projects?limit=101'],
      ['projects?limit=ten'],
      ['projects?status=paused'],
      ['projects?q='],
      ['projects?order=name'],
      ['projects?sort=name'],
      ['projects?language=xx'],
      ['projects?externalId='],
      ['projects?createdFrom=2026-01-01'],
      ['projects?createdTo=2026-13-01T00:00:00Z'],
      ['projects?q=a&q=b'],
      ['videos?cursor=x'],
      ['videos?limit=0'],
      ['videos?status=done'],
    ])('but not as /v1/%s', async query => {
      expect(refusal(await rest.get(`/v1/${query}`))).toBe('400 INVALID_INPUT');
    });
  });

  it('have no ways but those there are', async () => {
    expect(refusal(await rest.get('/v1/films'))).toBe('404 NOT_FOUND');
    expect(refusal(await rest.call('DELETE', '/v1/projects'))).toBe('404 NOT_FOUND');
  });
});
