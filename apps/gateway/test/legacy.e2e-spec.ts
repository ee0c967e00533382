import {
  GenerateLyric,
  GenerateSong,
  LyricGenerated,
  message,
  type MessageClass,
  RenderVideo,
  SongFailed,
  SongReady,
  SongSubmitted,
} from '@castad/contracts';
import { newId } from '@castad/platform';
import { aLyric, type Answer, aPlan, aTrack, bootWith, eventually, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { stored, tellAll } from './told.ts';

jest.setTimeout(120_000);

const store = { store_name: '바다민박', region: '강릉' };

describe('the routes of the former system', () => {
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

  const made = async (body: object = store) => (await rest.post('/project', body)).body.task_id as string;
  const ordered = async (type: MessageClass, taskId: string) =>
    (await bed.topics.read(type.topic)).filter(seen => seen.type === type.type && seen.key === taskId);
  const status = (path: string, expected: string) =>
    eventually(async () => expect((await rest.get(path)).body).toMatchObject({ status: expected }));
  /** A project with a lyric. */
  const worded = async () => {
    const taskId = await made();
    await rest.post('/lyric/generate', { task_id: taskId });
    const plan = aPlan({ stopAfter: 'lyric' });
    await tellAll(bed.topics, [
      { event: message(LyricGenerated, { taskId, revision: 1, plan, lyric: aLyric() }), second: 1 },
    ]);
    await status(`/lyric/status/${taskId}`, 'completed');
    return taskId;
  };
  const sung = async () => {
    const taskId = await worded();
    await rest.get(`/song/generate/${taskId}`);
    const track = aTrack();
    const plan = aPlan({ stopAfter: 'song' });
    const song = { taskId, revision: 2, plan, title: 'La', tracks: [track], chosenTrackId: track.trackId };
    await tellAll(bed.topics, [
      { event: message(SongReady, song), second: 2 },
      { event: stored(taskId, 2, 'song', 'tracks'), second: 3 },
    ]);
    await eventually(async () => {
      const { body } = await rest.get<{ stages: { status: string }[] }>(`/v1/projects/${taskId}`);
      expect(body.stages[1]).toMatchObject({ status: 'completed' });
    });
    return taskId;
  };

  it('say that they end, what takes their place, and that no cache may keep their answers', async () => {
    const taskId = await made();
    for (const [method, path, successor] of [
      ['POST', '/project', '/v1/projects'],
      ['GET', `/song/generate/${taskId}`, `/v1/projects/${taskId}/song`],
      ['GET', `/video/status/${taskId}-1`, '/v1/projects'],
      ['GET', '/videos/', '/v1/videos'],
    ] as const) {
      const { headers } = await rest.call(method, path);
      expect([headers.get('cache-control'), headers.get('link')]).toEqual([
        'no-store',
        `<${successor}>; rel="successor-version"`,
      ]);
      const [deprecation, sunset] = [headers.get('deprecation') ?? '', headers.get('sunset') ?? ''];
      expect(deprecation).toMatch(/^@\d+$/);
      expect(new Date(sunset).toUTCString()).toBe(sunset);
      expect(new Date(sunset).getTime()).toBeGreaterThan(Number(deprecation.slice(1)) * 1000);
    }
  });

  it('take what FastAPI takes: fields it does not know, and a slash at the end or none', async () => {
    const { status, body } = await rest.post('/project', { ...store, detail_region_info: 'By the sea.', extra: [1] });
    expect([status, body]).toEqual([200, { success: true, task_id: expect.any(String) }]);
    expect((await rest.get(`/v1/projects/${body.task_id as string}`)).body).toMatchObject({
      businessName: '바다민박',
      region: '강릉',
      description: 'By the sea.',
      language: 'ko',
    });
    for (const path of ['/songs', '/songs/', '/videos', '/videos/?page=1'])
      expect(await rest.get(path)).toMatchObject({ status: 200, body: [] });
  });

  it('refuse as FastAPI does', async () => {
    const refused = async (answering: Promise<Answer>) => {
      const { status, type, body } = await answering;
      expect([type, Object.keys(body)]).toEqual(['application/json', ['detail', 'code']]);
      return [status, body.code, body.detail];
    };
    expect(await refused(rest.post('/project', { region: '강릉' }))).toEqual([
      422,
      'INVALID_INPUT',
      [{ type: 'value_error', loc: ['body', 'store_name'], msg: expect.stringContaining('store_name') }],
    ]);
    const headers = { 'content-type': 'application/json' };
    expect(await refused(rest.call('POST', '/project', { body: '{', headers }))).toEqual([
      422,
      'INVALID_JSON',
      expect.any(String),
    ]);
    expect(await refused(rest.post('/lyric/generate', { task_id: newId(), language: 'Klingon' }))).toMatchObject([
      422,
      'INVALID_INPUT',
      [{ loc: ['body', 'language'], msg: 'language must be Korean, English, Japanese or Chinese' }],
    ]);
    for (const path of [`/lyric/status/${newId()}`, '/song/generate/7', `/video/download/${newId()}`])
      expect(await refused(rest.get(path))).toEqual([404, 'TASK_NOT_FOUND', 'There is no such project.']);
    const taskId = await made();
    for (const path of [`/lyric/status/${taskId}`, `/song/status/${taskId}`, `/video/download/${taskId}`])
      expect(await refused(rest.get(path))).toEqual([404, expect.stringMatching(/_NOT_FOUND$/), expect.any(String)]);
    for (const id of ['x', `${taskId}-1`, newId()])
      expect((await refused(rest.get(`/video/status/${id}`)))[0]).toBe(404);
    expect(await refused(rest.get(`/song/generate/${taskId}`))).toEqual([
      409,
      'LYRIC_MISSING',
      'There is no lyric yet.',
    ]);
    expect(await refused(rest.get(`/video/generate/${taskId}`))).toEqual([
      409,
      'SONG_MISSING',
      'There is no song yet.',
    ]);
  });

  it('take photos under any name, once they know of which project', async () => {
    const form = (...parts: [string, string | Blob][]) => {
      const body = new FormData();
      for (const [name, part] of parts) body.append(name, part);
      return rest.call('POST', '/project/image', { body });
    };
    const file = new Blob(['x']);
    expect(await form(['file', file], ['task_id', await made()])).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'task_id'] }] },
    });
    expect(await form(['task_id', await made()])).toMatchObject({ status: 422, body: { code: 'NO_FILE' } });
    expect(await form(['task_id', newId()], ['file', file])).toMatchObject({ status: 404 });
    // There is no storage here: it was on its way there.
    expect(await form(['task_id', await made()], ['any', file])).toMatchObject({
      status: 503,
      body: { code: 'STORAGE_UNAVAILABLE' },
    });
  });

  it('begin no work for HEAD', async () => {
    const taskId = await worded();
    const { status, headers } = await rest.call('HEAD', `/song/generate/${taskId}`);
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
    expect((await rest.get(`/v1/projects/${taskId}`)).body).toMatchObject({ revision: 1 });
  });

  it("write the lyric in the language of the call, which is the project's from then on", async () => {
    const taskId = await made();
    expect((await rest.post('/lyric/generate', { task_id: taskId, language: 'English' })).body).toEqual({
      success: true,
      task_id: taskId,
    });
    await eventually(async () => {
      const [command] = await ordered(GenerateLyric, taskId);
      expect(command?.data).toMatchObject({ revision: 1, plan: { language: 'en', stopAfter: 'lyric' } });
    });
    // Asked for again, it is the same; in another language it is another.
    expect((await rest.post('/lyric/generate', { task_id: taskId, language: 'en' })).status).toBe(200);
    expect(await rest.post('/lyric/generate', { task_id: taskId, language: 'Korean' })).toMatchObject({
      status: 409,
      body: { code: 'ORDER_RUNNING' },
    });
    expect((await rest.get(`/v1/projects/${taskId}`)).body).toMatchObject({ revision: 1, language: 'en' });
  });

  it('order a song and a film once, though asked ten times at once and while they are made', async () => {
    const taskId = await worded();
    const asked = await Promise.all(Array.from({ length: 10 }, () => rest.get(`/song/generate/${taskId}`)));
    expect(asked.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await rest.get(`/song/status/${taskId}`)).toMatchObject({
      status: 200,
      body: { task_id: taskId, status: 'processing', song_result_url: null, error_message: null },
    });
    await eventually(async () => expect(await ordered(GenerateSong, taskId)).toHaveLength(1));

    const other = await sung();
    const films = await Promise.all(Array.from({ length: 10 }, () => rest.get(`/video/generate/${other}`)));
    const accepted = films.filter(({ status }) => status === 200);
    expect(accepted.map(({ body }) => body)).toEqual([{ success: true, render_id: `${other}-3` }]);
    expect(films.filter(({ body }) => body.detail === 'Already processing')).toHaveLength(9);
    expect((await rest.get(`/video/status/${other}-3`)).body).toEqual({
      render_id: `${other}-3`,
      task_id: other,
      status: 'processing',
      error_message: null,
    });
    await eventually(async () => expect(await ordered(RenderVideo, other)).toHaveLength(1));
    expect((await rest.get(`/v1/projects/${other}`)).body).toMatchObject({ revision: 3 });
  });

  it('order again what failed and cost nothing, and nothing that was paid for', async () => {
    const taskId = await worded();
    const failure = { code: 'SUNO_REFUSED', reason: 'Suno refuses.', retryable: true };
    const fail = async (revision: number, isPaid: boolean) => {
      const told = isPaid ? [message(SongSubmitted, { taskId, revision, attempt: 1, jobId: 'job' })] : [];
      await tellAll(
        bed.topics,
        [...told, message(SongFailed, { taskId, revision, ...failure })].map(event => ({ event, second: 5 })),
      );
      await status(`/song/status/${taskId}`, 'failed');
    };
    expect((await rest.get(`/song/generate/${taskId}`)).status).toBe(200);
    await fail(2, false);
    expect((await rest.get(`/song/status/${taskId}`)).body).toMatchObject({ error_message: 'Suno refuses.' });
    expect((await rest.get(`/song/generate/${taskId}`)).status).toBe(200);
    expect((await rest.get(`/v1/projects/${taskId}`)).body).toMatchObject({ revision: 3, status: 'processing' });
    await fail(3, true);
    for (let i = 0; i < 2; i++)
      expect(await rest.get(`/song/generate/${taskId}`)).toMatchObject({ status: 409, body: { code: 'ALREADY_PAID' } });
    expect((await rest.post(`/v1/projects/${taskId}/retry`)).body).toMatchObject({ revision: 4 });
    expect((await rest.get(`/song/generate/${taskId}`)).status).toBe(200);
    expect((await rest.get(`/v1/projects/${taskId}`)).body).toMatchObject({ revision: 4 });
  });

  it('make no film of a song of other words', async () => {
    const taskId = await sung();
    await rest.post('/lyric/generate', { task_id: taskId });
    await tellAll(bed.topics, [
      {
        event: message(LyricGenerated, { taskId, revision: 3, plan: aPlan({ stopAfter: 'lyric' }), lyric: aLyric() }),
        second: 6,
      },
    ]);
    await status(`/lyric/status/${taskId}`, 'completed');
    expect(await rest.get(`/video/generate/${taskId}`)).toMatchObject({ status: 409, body: { code: 'SONG_STALE' } });
    expect((await rest.get(`/song/generate/${taskId}`)).status).toBe(200);
    expect((await rest.get(`/v1/projects/${taskId}`)).body).toMatchObject({ revision: 4 });
  });
});
