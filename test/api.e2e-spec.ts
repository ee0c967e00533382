import { newId } from '@castad/platform';
import { eventually } from '@castad/testing';
import { TaskFailed } from '@castad/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startStudio, type ProjectView, type Studio } from './film.ts';

jest.setTimeout(60_000);

const MAX_IMAGE_BYTES = 100_000;
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', language: 'en', music: { durationSeconds: 10 } };
const json = { 'content-type': 'application/json' };
const photo = (name: string) => readFile(join(import.meta.dirname, '../examples/photos', name));

interface Answer<T = Record<string, unknown>> {
  status: number;
  type: string;
  body: T;
}

describe('the REST API', () => {
  let studio: Studio;

  beforeAll(async () => {
    const appEnv = {
      gateway: { IMAGE_MAX_BYTES: String(MAX_IMAGE_BYTES) },
      'storage-service': { IMAGE_MAX_BYTES: String(MAX_IMAGE_BYTES) },
      'song-service': { SUNO_POLL_MS: '500' },
      'video-service': { CREATOMATE_POLL_MS: '500' },
    };
    studio = await startStudio({ appEnv });
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  const call = async <T = Record<string, unknown>>(method: string, path: string, init: RequestInit = {}) => {
    const response = await studio.api(path, { redirect: 'manual', ...init, method });
    const text = await response.text();
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    return {
      status: response.status,
      type,
      body: (type.includes('json') ? JSON.parse(text) : text) as T,
    } satisfies Answer<T>;
  };
  const post = <T = Record<string, unknown>>(path: string, body?: unknown, headers: Record<string, string> = {}) =>
    call<T>(
      'POST',
      path,
      body === undefined ? { headers } : { body: JSON.stringify(body), headers: { ...json, ...headers } },
    );
  const get = <T = Record<string, unknown>>(path: string) => call<T>('GET', path);
  const draft = async (changes: object = {}) =>
    (await post<ProjectView>('/v1/projects', { ...brief, ...changes })).body.taskId;
  const upload = (taskId: string, ...files: (Buffer | string)[]) => {
    const body = new FormData();
    files.forEach((file, i) => body.append('images', new Blob([new Uint8Array(Buffer.from(file))]), `photo-${i}.jpg`));
    return call<{ images: { assetId: string }[] }>('POST', `/v1/projects/${taskId}/images`, { body });
  };
  const tasks = async () =>
    (await get<{ projects: ProjectView[] }>('/v1/projects?limit=100')).body.projects.map(({ taskId }) => taskId);

  /** A refusal says what is wrong in the one form for it, and nothing of our insides. */
  const expectProblem = ({ status, type, body }: Answer, expected: number, code: string) => {
    expect({ status, type, code: body.code }).toEqual({ status: expected, type: 'application/problem+json', code });
    expect(
      Object.keys(body)
        .filter(key => key !== 'errors')
        .sort(),
    ).toEqual(['code', 'status', 'title', 'type']);
    expect(JSON.stringify(body)).not.toMatch(/\.ts\b|\.js\b|node_modules|at \w+ \(|select |insert /i);
  };

  describe('with an Idempotency-Key', () => {
    it('makes one film of a request that is sent twice', async () => {
      const key = { 'idempotency-key': newId() };
      const first = await post('/v1/projects', { ...brief, run: true }, key);
      await studio.ended(first.body.taskId as string);
      const second = await post('/v1/projects', { ...brief, run: true }, key);
      expect([first.status, second.status]).toEqual([202, 202]);
      expect(second.body).toMatchObject({ taskId: first.body.taskId, revision: 1, status: 'completed' });
      expect(await studio.submits('suno')).toHaveLength(1);
      expect(await studio.submits('creatomate')).toHaveLength(1);
    });

    it('makes one film of a request that is sent ten times at once', async () => {
      const key = { 'idempotency-key': newId() };
      const before = await tasks();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => post<ProjectView>('/v1/projects', { ...brief, run: true }, key)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
      const [taskId, ...others] = new Set(answers.map(({ body }) => body.taskId));
      expect(others).toEqual([]);
      expect(await studio.ended(taskId as string)).toMatchObject({ status: 'completed', revision: 1 });
      expect((await tasks()).filter(id => !before.includes(id))).toEqual([taskId]);
      expect(await studio.submits('suno')).toHaveLength(1);
      expect(await studio.submits('creatomate')).toHaveLength(1);
    });

    it('refuses the key with another body, and takes another key with the same', async () => {
      const key = newId();
      const first = await post('/v1/projects', brief, { 'idempotency-key': key });
      expect(first.status).toBe(201);
      expectProblem(
        await post('/v1/projects', { ...brief, region: 'Sokcho' }, { 'idempotency-key': key }),
        422,
        'IDEMPOTENCY_KEY_REUSED',
      );
      const other = await post('/v1/projects', brief, { 'idempotency-key': newId() });
      expect(other.body.taskId).not.toBe(first.body.taskId);
    });

    it.each([['x'.repeat(256)], ['']])('refuses the key %j', async key => {
      expectProblem(await post('/v1/projects', brief, { 'idempotency-key': key }), 400, 'INVALID_IDEMPOTENCY_KEY');
    });
  });

  describe('refuses, and stores nothing of,', () => {
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
      const before = await tasks();
      const answer = await post('/v1/projects', body);
      expectProblem(answer, 400, 'INVALID_INPUT');
      expect(answer.body.errors).toEqual(expect.arrayContaining([expect.any(String)]));
      expect(await tasks()).toEqual(before);
    });

    it('a stage to stop after without a run', async () => {
      expectProblem(await post('/v1/projects', { ...brief, stopAfter: 'lyric' }), 400, 'STOP_AFTER_WITHOUT_RUN');
    });

    it.each<[string, string, Record<string, string>, number, string]>([
      ['what is not JSON', '{"businessName":', json, 400, 'BAD_REQUEST'],
      ['an empty body', '', json, 400, 'BAD_REQUEST'],
      ['a poisoned prototype', '{"__proto__":{"run":true}}', json, 400, 'BAD_REQUEST'],
      ['plain text', 'Sea Breeze Stay', { 'content-type': 'text/plain' }, 400, 'INVALID_INPUT'],
      ['XML', '<project/>', { 'content-type': 'application/xml' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['a body over 256 KiB', JSON.stringify({ ...brief, description: 'x'.repeat(300_000) }), json, 413, 'TOO_LARGE'],
    ])('%s', async (_, body, headers, status, code) => {
      const before = await tasks();
      expectProblem(await call('POST', '/v1/projects', { body, headers }), status, code);
      expect(await tasks()).toEqual(before);
    });

    it.each([[newId()], ['7'], ['%00'], ['%F0%9F%98%80'], ["'%20or%201=1"]])('the unknown task %s', async taskId => {
      for (const path of ['', '/song', '/video', '/poster', '/captions.srt'])
        expectProblem(await get(`/v1/projects/${taskId}${path}`), 404, 'TASK_NOT_FOUND');
      for (const path of ['/run', '/lyric', '/song', '/video'])
        expectProblem(await post(`/v1/projects/${taskId}${path}`), 404, 'TASK_NOT_FOUND');
      expectProblem(await upload(taskId, 'x'), 404, 'TASK_NOT_FOUND');
    });

    it.each([
      ['cursor=x'],
      ['cursor='],
      ['limit=0'],
      ['limit=101'],
      ['limit=ten'],
      ['status=cancelled'],
      ['q='],
      ['order=name'],
      ['q=a&q=b'],
    ])('the list ?%s', async query => {
      expectProblem(await get(`/v1/projects?${query}`), 400, 'INVALID_INPUT');
    });

    it.each([['cursor=x'], ['limit=0'], ['status=done']])('the list of videos ?%s', async query => {
      expectProblem(await get(`/v1/videos?${query}`), 400, 'INVALID_INPUT');
    });

    it('a way or a method there is not', async () => {
      expectProblem(await get('/v1/films'), 404, 'NOT_FOUND');
      expectProblem(await call('DELETE', '/v1/projects'), 404, 'NOT_FOUND');
    });

    it('a song without a lyric, a film without a song, and results that are not there', async () => {
      const taskId = await draft();
      expectProblem(await post(`/v1/projects/${taskId}/song`), 409, 'LYRIC_MISSING');
      expectProblem(await post(`/v1/projects/${taskId}/video`), 409, 'SONG_MISSING');
      expectProblem(await post(`/v1/projects/${taskId}/run`, { stopAfter: 'end' }), 400, 'INVALID_INPUT');
      expectProblem(await get(`/v1/projects/${taskId}/song`), 404, 'SONG_NOT_READY');
      expectProblem(await get(`/v1/projects/${taskId}/captions.srt`), 404, 'SONG_NOT_READY');
      expectProblem(await get(`/v1/projects/${taskId}/video`), 404, 'VIDEO_NOT_READY');
      expectProblem(await get(`/v1/projects/${taskId}/poster`), 404, 'VIDEO_NOT_READY');
      expect(await studio.project(taskId)).toMatchObject({ status: 'draft', revision: 0 });
    });
  });

  describe('takes photos', () => {
    it('in their order into the render, as links to our own storage', async () => {
      const taskId = await draft();
      const [one, three, five] = await Promise.all(['01.jpg', '03.jpg', '05.jpg'].map(photo));
      const first = await upload(taskId, five as Buffer, one as Buffer);
      expect(first).toMatchObject({
        status: 201,
        body: { images: [{ contentType: 'image/jpeg', size: five?.length }, { size: one?.length }] },
      });
      const second = await upload(taskId, three as Buffer);
      const assetIds = [...first.body.images, ...second.body.images].map(({ assetId }) => assetId);
      expect(await studio.project(taskId)).toMatchObject({ images: assetIds.map(assetId => ({ assetId })) });

      expect((await post(`/v1/projects/${taskId}/run`)).status).toBe(202);
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });

      const [render] = await studio.submits('creatomate');
      expect(render?.problems).toEqual([]);
      const elements = (render?.body as { elements: { name: string; source?: string }[] }).elements;
      const shown = elements.filter(({ name }) => /^Photo-\d+$/.test(name)).map(({ source }) => source as string);
      const blobs = /BlobEndpoint=([^;]+)/.exec(studio.sandbox.env.AZURE_STORAGE_CONNECTION_STRING as string)?.[1];
      expect(shown.map(link => link.startsWith(blobs as string))).toEqual([true, true, true]);
      expect(shown.map(link => assetIds.findIndex(assetId => link.includes(assetId)))).toEqual([0, 1, 2]);
    });

    it('but nothing that is not an image, is too large, or is not there, and then none of the others', async () => {
      const taskId = await draft();
      const good = await photo('01.jpg');
      const heic = Buffer.concat([
        Buffer.from([0, 0, 0, 24]),
        Buffer.from('ftypheic\0\0\0\0heicmif1'),
        Buffer.alloc(500),
      ]);
      expectProblem(await upload(taskId, good, 'GIF, perhaps'), 415, 'NOT_AN_IMAGE');
      expectProblem(await upload(taskId, good, '<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, 'NOT_AN_IMAGE');
      expectProblem(await upload(taskId, good, ''), 415, 'NOT_AN_IMAGE');
      expectProblem(await upload(taskId, good, heic), 415, 'IMAGE_HEIC');
      expectProblem(
        await upload(taskId, good, Buffer.concat([good, Buffer.alloc(MAX_IMAGE_BYTES)])),
        413,
        'IMAGE_TOO_LARGE',
      );
      expectProblem(await upload(taskId), 400, 'NO_FILE');
      expectProblem(await post(`/v1/projects/${taskId}/images`, { images: [] }), 415, 'NOT_MULTIPART');
      expectProblem(await upload(taskId, 'GIF, perhaps', ...Array<Buffer>(40).fill(good)), 415, 'NOT_AN_IMAGE');
      expectProblem(await upload(taskId, ...Array<Buffer>(51).fill(png)), 409, 'TOO_MANY_IMAGES');
      expect(await studio.project(taskId)).toMatchObject({ images: [] });
    });

    it('but no more than fifty', async () => {
      const taskId = await draft();
      expect((await upload(taskId, ...Array<Buffer>(49).fill(png))).status).toBe(201);
      expectProblem(await upload(taskId, png, png), 409, 'TOO_MANY_IMAGES');
      expect((await upload(taskId, png)).status).toBe(201);
      expectProblem(await upload(taskId, png), 409, 'TOO_MANY_IMAGES');
    });
  });

  describe('goes step by step', () => {
    it('by single orders, each when the one before is done', async () => {
      const taskId = await draft();
      const states: unknown[] = [];
      for (const [i, stage] of (['lyric', 'song', 'video'] as const).entries()) {
        expect(await post(`/v1/projects/${taskId}/${stage}`)).toMatchObject({
          status: 202,
          body: { taskId, revision: i + 1, status: 'processing' },
        });
        const { status, stages } = await studio.ended(taskId);
        states.push([status, ...stages.map(view => view.status)]);
      }
      expect(states).toEqual([
        ['waiting', 'completed', 'pending', 'pending'],
        ['waiting', 'completed', 'completed', 'pending'],
        ['completed', 'completed', 'completed', 'completed'],
      ]);
      expectProblem(await post(`/v1/projects/${taskId}/run`), 409, 'NOTHING_TO_DO');
      expect(await studio.submits('suno')).toHaveLength(1);
      expect(await studio.submits('creatomate')).toHaveLength(1);
    });

    it('by runs that stop where they are told, and go on from there', async () => {
      const taskId = await draft();
      expect((await post(`/v1/projects/${taskId}/run`, { stopAfter: 'song' })).body).toMatchObject({ revision: 1 });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'waiting' });
      expect(await studio.submits('creatomate')).toEqual([]);
      expectProblem(await post(`/v1/projects/${taskId}/run`, { stopAfter: 'lyric' }), 409, 'NOTHING_TO_DO');
      expect((await post(`/v1/projects/${taskId}/run`, { stopAfter: null })).body).toMatchObject({ revision: 2 });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
      expect(await studio.submits('suno')).toHaveLength(1);
    });

    it('answers an order that is running with that order, and refuses another', async () => {
      await studio.fault('openai', { endpoint: '*', kind: 'delay', ms: 1_500 });
      const taskId = await studio.order();
      const again = await Promise.all([1, 2, 3].map(() => post(`/v1/projects/${taskId}/run`)));
      expect(again.map(({ status, body }) => [status, body.revision])).toEqual(Array(3).fill([202, 1]));
      expectProblem(await post(`/v1/projects/${taskId}/lyric`), 409, 'ORDER_RUNNING');
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed', revision: 1 });
      expect((await studio.requests('openai', '?path=/v1/chat/completions')).count).toBe(1);
    });

    it('makes a stage anew when it is ordered again', async () => {
      const taskId = await studio.order({ stopAfter: 'lyric' });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'waiting', revision: 1 });
      expect((await post(`/v1/projects/${taskId}/lyric`)).body).toMatchObject({ revision: 2 });
      const { stages } = await studio.ended(taskId);
      expect(stages[0]).toMatchObject({ stage: 'lyric', status: 'completed', revision: 2 });
    });
  });

  describe('lists', () => {
    const walk = async (path: string, pick: (page: Record<string, unknown>) => { taskId: string }[]) => {
      const found: string[] = [];
      for (let cursor = ''; ;) {
        const { status, body } = await get(`${path}${cursor && `&cursor=${cursor}`}`);
        expect(status).toBe(200);
        found.push(...pick(body).map(({ taskId }) => taskId));
        if (!body.nextCursor) return found;
        cursor = body.nextCursor as string;
      }
    };
    const projects = (page: Record<string, unknown>) => page.projects as ProjectView[];

    it('projects newest first, each once, found by name and status', async () => {
      const name = `Inn 100% ${newId()}`;
      const made: string[] = [];
      for (let i = 0; i < 7; i++) made.unshift(await draft({ businessName: `${name} ${i}` }));
      const q = `&q=${encodeURIComponent('100% ' + name.slice(9, 40))}`;
      for (const limit of [1, 2, 3, 7, 100])
        expect(await walk(`/v1/projects?limit=${limit}${q}`, projects)).toEqual(made);
      expect(await walk(`/v1/projects?limit=3&status=draft${q}`, projects)).toEqual(made);
      expect(await walk(`/v1/projects?limit=3&status=completed${q}`, projects)).toEqual([]);
      expect(await walk(`/v1/projects?limit=3&q=${encodeURIComponent(name.replace('%', '_'))}`, projects)).toEqual([]);
      expect(await walk(`/v1/projects?limit=3&q=${encodeURIComponent(name.toUpperCase())}`, projects)).toEqual(made);
    });

    it('every project under its status, without what its stages made', async () => {
      const waiting = await studio.order({ stopAfter: 'lyric' });
      const completed = await studio.order();
      await Promise.all([studio.ended(waiting), studio.ended(completed)]);
      for (const [status, taskId] of Object.entries({ waiting, completed })) {
        const { body } = await get<{ projects: ProjectView[] }>(`/v1/projects?limit=100&status=${status}`);
        expect(body.projects.every(project => project.status === status)).toBe(true);
        expect(body.projects.map(project => project.taskId)).toContain(taskId);
        expect(JSON.stringify(body)).not.toContain('"output"');
      }
    });

    it('the films, newest first, with links that lead to them', async () => {
      const first = await studio.order({ businessName: 'First Inn' });
      const second = await studio.order({ businessName: 'Second Inn', video: { format: '1:1' } });
      await Promise.all([studio.ended(first), studio.ended(second)]);
      await studio.ended(await studio.order({ stopAfter: 'song' }));
      const films = await walk('/v1/videos?limit=2', page => page.videos as { taskId: string }[]);
      expect(films.slice(0, 2)).toEqual([second, first]);
      expect(new Set(films).size).toBe(films.length);
      const { body } = await get<{ videos: { href: string; posterHref: string }[] }>('/v1/videos?limit=1');
      expect(body.videos).toMatchObject([
        { taskId: second, businessName: 'Second Inn', format: '1:1', size: expect.any(Number) },
      ]);
      const { href, posterHref } = body.videos[0] as { href: string; posterHref: string };
      expect([(await get(href)).status, (await get(posterHref)).status]).toEqual([302, 302]);
    });
  });

  describe('gives results', () => {
    it('by links of our own, with captions, and never by an address of a provider', async () => {
      const taskId = await studio.order();
      await studio.ended(taskId);
      for (const path of ['song', 'video', 'poster']) {
        const link = await studio.api(`/v1/projects/${taskId}/${path}`, { redirect: 'manual' });
        expect([link.status, link.headers.get('cache-control')]).toEqual([302, 'no-store']);
        const file = await fetch(link.headers.get('location') as string);
        expect(file.status).toBe(200);
        await file.body?.cancel();
      }
      const captions = await call<string>('GET', `/v1/projects/${taskId}/captions.srt`);
      expect(captions).toMatchObject({ status: 200, type: 'application/x-subrip' });
      expect(captions.body).toMatch(/^1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n\S.*\n\n2\n/);

      const { SUNO_BASE_URL, CREATOMATE_BASE_URL } = studio.sandbox.env;
      for (const path of [`/v1/projects/${taskId}`, '/v1/projects', '/v1/videos']) {
        const answer = JSON.stringify((await get(path)).body);
        for (const provider of [SUNO_BASE_URL, CREATOMATE_BASE_URL]) expect(answer).not.toContain(provider);
      }
    });
  });

  it('stands on services that say how they are', async () => {
    for (const { name, url } of studio.system.services) {
      for (const path of ['/health/live', '/health/ready'])
        expect([name, path, (await fetch(url + path)).status]).toEqual([name, path, 200]);
      const metrics = await fetch(`${url}/metrics`);
      expect(metrics.headers.get('content-type')).toContain('text/plain');
      expect(await metrics.text()).toContain('castad_messages_sent_total');
    }
  });

  describe('tells why a film failed', () => {
    it.each([
      [
        'openai',
        'POST /v1/chat/completions',
        { kind: 'refusal' },
        'lyric',
        { code: 'OPENAI_REFUSED', retryable: false },
      ],
      [
        'suno',
        'POST /api/v1/generate',
        { kind: 'job-failed', body: { status: 'SENSITIVE_WORD_ERROR' } },
        'song',
        { code: 'SUNO_SENSITIVE_WORDS', retryable: false },
      ],
      [
        'creatomate',
        'POST /v2/renders',
        { kind: 'job-failed' },
        'video',
        { code: 'CREATOMATE_RENDER_FAILED', retryable: true },
      ],
    ] as const)('when %s refuses at %s', async (provider, endpoint, fault, stage, known) => {
      await studio.fault(provider, { endpoint, ...fault });
      const taskId = await studio.order();
      const project = await studio.ended(taskId);
      const error = { ...known, reason: expect.any(String) };
      expect(project).toMatchObject({ status: 'failed', error });
      expect(project.stages.find(view => view.stage === stage)).toMatchObject({
        status: 'failed',
        error,
        endedAt: expect.any(String),
      });
      await eventually(async () => {
        const ends = (await studio.topics.read(TaskFailed.topic)).filter(({ key }) => key === taskId);
        expect(ends.map(({ type, data }) => [type, data])).toEqual([
          [TaskFailed.type, { taskId, revision: 1, stage, ...project.error }],
        ]);
      });
      expect(
        (await get<{ projects: ProjectView[] }>('/v1/projects?status=failed&limit=1')).body.projects,
      ).toMatchObject([{ taskId, error }]);
    });
  });
});

/** One pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
