import {
  AssetFailed,
  AssetStored,
  CancelTask,
  type Format,
  message,
  type Message,
  type MessageClass,
  RenderFailed,
  RenderSubmitted,
  RenderSucceeded,
  RenderVideo,
  TaskCompleted,
  TaskFailed,
} from '@castad/contracts';
import { Database, loadConfig, newId } from '@castad/platform';
import { aPlan, eventually, refusal, Rest, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayConfig } from '../src/gateway.config.ts';
import { Rebuilding } from '../src/projection/rebuilding.ts';
import { startAlone } from './alone.ts';
import { eventsOf, stored, tellAll } from './told.ts';

jest.setTimeout(120_000);

const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', music: { durationSeconds: 10, style: 'jazz' } };
const failure = { code: 'CREATOMATE_RENDER_FAILED', reason: 'Creatomate could not render the film.', retryable: true };

interface Film {
  format: Format;
  status: string;
  preview?: object;
}

interface View {
  id: string;
  revision: number;
  status: string;
  stages: { status: string; result?: number; stale: boolean; attempts: object[]; formats?: Film[] }[];
}

describe('a preview of a film', () => {
  let bed: TestBed;
  let env: Record<string, string>;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    ({ bed, env, app } = await startAlone());
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const post = (id: string, what: string, body?: object, key = newId()) =>
    rest.post<View>(`/v1/projects/${id}/${what}`, body, { 'idempotency-key': key });
  const project = async (id: string) => (await rest.get<View>(`/v1/projects/${id}`)).body;
  const becomes = (id: string, expected: object) =>
    eventually(async () => expect(await project(id)).toMatchObject(expected), 40_000);
  const tell = (...events: Message[]) =>
    tellAll(
      bed.topics,
      events.map((event, second) => ({ event, second })),
    );
  const said = (type: MessageClass, id: string, count: number) =>
    eventually(async () => {
      const seen = (await bed.topics.read(type.topic)).filter(
        ({ type: name, key }) => name === type.type && key === id,
      );
      expect(seen).toHaveLength(count);
      return seen.map(({ data }) => data);
    });
  const commands = async (id: string, count: number) =>
    (await said(RenderVideo, id, count)).map(({ revision, preview, retryOf }) => ({ revision, preview, retryOf }));
  const submitted = (taskId: string, revision: number, format: Format = '9:16') =>
    message(RenderSubmitted, { taskId, revision, format, attempt: 1, jobId: `job-${revision}`, preview: true });
  const made = (taskId: string, revision: number, format: Format = '9:16') => [
    submitted(taskId, revision, format),
    message(RenderSucceeded, {
      ...{ taskId, revision, format, plan: aPlan({ video: { format } }), preview: true },
      ...{ url: 'http://f.example/small.mp4', durationSeconds: 10 },
    }),
    message(AssetStored, {
      ...stored(taskId, revision, 'video', format),
      files: [{ name: 'preview', path: 'small.mp4', contentType: 'video/mp4', size: 7, sha256: 'a'.repeat(64) }],
      preview: true,
    }),
  ];
  const fails = (taskId: string, revision: number, format: Format = '9:16') =>
    message(RenderFailed, { taskId, revision, format, ...failure, preview: true });
  const filmOf = (view: View) => view.stages[2]?.formats?.[0];
  /** A project whose song is there, and no film. */
  const sung = async (formats?: Format[]) => {
    const body = {
      ...brief,
      run: true,
      withoutPhotos: true,
      stopAfter: 'song',
      ...(formats && { video: { formats } }),
    };
    const { id } = (await rest.post<View>('/v1/projects', body)).body;
    await tellAll(bed.topics, eventsOf(id, 1, aPlan({ stopAfter: 'song' })).slice(0, 3));
    await becomes(id, { status: 'waiting' });
    return id;
  };
  /** With its preview, too. */
  const previewed = async () => {
    const id = await sung();
    await post(id, 'video', { preview: true });
    await tell(...made(id, 2));
    await becomes(id, { status: 'waiting', revision: 2 });
    return id;
  };

  it('is made by an order of its own, which makes no film', async () => {
    const id = await sung();
    expect((await post(id, 'video', { preview: true })).body).toMatchObject({ revision: 2, status: 'processing' });
    expect(await commands(id, 1)).toEqual([{ revision: 2, preview: true, retryOf: undefined }]);
    await tell(submitted(id, 2));
    await eventually(async () =>
      expect(filmOf(await project(id))).toMatchObject({
        status: 'pending',
        preview: { status: 'running', revision: 2, paid: true },
      }),
    );
    await tell(...made(id, 2));
    await becomes(id, { status: 'waiting' });
    const view = await project(id);
    expect(view.stages[2]).toMatchObject({ status: 'pending', revision: 0, attempts: [] });
    expect(filmOf(view)).toMatchObject({ preview: { status: 'completed', revision: 2, result: 2, stale: false } });
    expect(await said(TaskCompleted, id, 2)).toMatchObject([
      { revision: 1 },
      { revision: 2, stage: 'video', preview: true },
    ]);
  });

  it('is the same in whatever order it is heard of', async () => {
    const id = await sung();
    await post(id, 'video', { preview: true });
    for (const event of made(id, 2).reverse()) await tell(event);
    await becomes(id, { status: 'waiting', revision: 2 });
    expect(filmOf(await project(id))).toMatchObject({ status: 'pending', preview: { status: 'completed' } });
  });

  it('counts nowhere as the film: it is in no list, is no choice, and what asks for the film finds none', async () => {
    const id = await previewed();
    const listed = (await rest.get<{ videos: object[] }>(`/v1/videos?projectId=${id}`)).body.videos;
    expect(listed).toEqual([]);
    for (const path of ['video', 'poster', 'video/captions.srt'])
      expect(refusal(await rest.get(`/v1/projects/${id}/${path}`))).toBe('404 VIDEO_NOT_READY');
    const choice = await rest.call('PUT', `/v1/projects/${id}/video/choice`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ revision: 2 }),
    });
    expect(refusal(choice)).toBe('404 REVISION_NOT_FOUND');
    const of = async (status: string) =>
      (await rest.get<{ projects: View[] }>(`/v1/projects?status=${status}&limit=100`)).body.projects;
    expect((await of('waiting')).find(one => one.id === id)).toMatchObject({ status: 'waiting' });
    expect((await of('completed')).filter(one => one.id === id)).toEqual([]);
  });

  it('leaves the film to be made, for one render', async () => {
    const id = await previewed();
    expect((await post(id, 'video')).body).toMatchObject({ revision: 3 });
    expect(await commands(id, 2)).toMatchObject([{ preview: true }, { revision: 3, preview: undefined }]);
    await tellAll(bed.topics, eventsOf(id, 3).slice(3));
    await becomes(id, { status: 'completed' });
    const view = await project(id);
    expect(view.stages[2]).toMatchObject({ status: 'completed', result: 3, attempts: [{ revision: 3 }] });
    expect(filmOf(view)).toMatchObject({ preview: { result: 2, stale: false } });
    expect(refusal(await post(id, 'run'))).toBe('409 NOTHING_TO_DO');
  });

  it('is made beside a film that is there', async () => {
    const id = await sung();
    await post(id, 'run');
    await tellAll(bed.topics, eventsOf(id, 2).slice(3));
    await becomes(id, { status: 'completed' });
    await post(id, 'video', { preview: true });
    await tell(...made(id, 3));
    await becomes(id, { revision: 3, status: 'waiting' });
    expect((await project(id)).stages[2]).toMatchObject({ status: 'completed', result: 2, stale: false });
    expect(refusal(await post(id, 'run'))).toBe('409 NOTHING_TO_DO');
  });

  it('is paid for once, whoever asks for it twice', async () => {
    const id = await sung();
    const key = newId();
    for (const again of [key, key, newId()])
      expect((await post(id, 'video', { preview: true }, again)).body).toMatchObject({ revision: 2 });
    expect(refusal(await post(id, 'video'))).toBe('409 ORDER_RUNNING');
    expect(refusal(await post(id, 'run'))).toBe('409 ORDER_RUNNING');
    await tell(...made(id, 2));
    await becomes(id, { status: 'waiting', revision: 2 });
    expect(refusal(await post(id, 'video', { preview: true }))).toBe('409 STAGE_DONE');
    expect((await post(id, 'video', { preview: true, again: true })).body).toMatchObject({ revision: 3 });
    expect(await commands(id, 2)).toMatchObject([{ revision: 2 }, { revision: 3 }]);
  });

  it('is made anew where it is stale, without being asked twice', async () => {
    const id = await previewed();
    await post(id, 'song', { again: true });
    await tellAll(bed.topics, eventsOf(id, 3, aPlan({ stopAfter: 'song' })).slice(1, 3));
    await becomes(id, { status: 'waiting', revision: 3 });
    expect(filmOf(await project(id))).toMatchObject({ preview: { result: 2, stale: true } });
    expect((await post(id, 'video', { preview: true })).status).toBe(202);
  });

  it('fails with its reason, and is retried as a preview that takes over what was paid for', async () => {
    const id = await sung();
    await post(id, 'video', { preview: true });
    await tell(submitted(id, 2), fails(id, 2));
    await becomes(id, { status: 'failed', error: failure });
    expect(filmOf(await project(id))).toMatchObject({
      status: 'pending',
      preview: { status: 'failed', error: failure, paid: true },
    });
    expect(await said(TaskFailed, id, 1)).toMatchObject([{ stage: 'video', preview: true, code: failure.code }]);
    await post(id, 'retry');
    expect(await commands(id, 2)).toMatchObject([{}, { revision: 3, preview: true, retryOf: 2 }]);
    await tell(...made(id, 3));
    await becomes(id, { status: 'waiting' });
  });

  it('fails where its file could not be stored', async () => {
    const id = await sung();
    await post(id, 'video', { preview: true });
    const lost = message(AssetFailed, {
      ...{ taskId: id, revision: 2, kind: 'video', ref: '9:16', preview: true },
      ...{ code: 'SOURCE_GONE', reason: "The provider's file is not there.", retryable: true },
    });
    await tell(...made(id, 2).slice(0, 2), lost);
    await becomes(id, { status: 'failed', error: { code: 'SOURCE_GONE' } });
  });

  it('is cancelled: it says what was paid, and what comes late is kept and shown nowhere as a film', async () => {
    const id = await sung();
    await post(id, 'video', { preview: true });
    await tell(submitted(id, 2));
    await eventually(async () => expect(filmOf(await project(id))).toMatchObject({ preview: { paid: true } }));
    expect((await post(id, 'cancel')).body).toMatchObject({ status: 'cancelled', paid: ['video'] });
    await said(CancelTask, id, 1);
    await tell(...made(id, 2));
    await eventually(async () =>
      expect(filmOf(await project(id))).toMatchObject({ status: 'pending', preview: { status: 'completed' } }),
    );
    await becomes(id, { status: 'cancelled' });
  });

  it('ends at its deadline', async () => {
    const id = await sung();
    await post(id, 'video', { preview: true });
    await bed.query('gateway', 'update task_order set due_at = now(3) where task_id = ? and revision = 2', [id]);
    await becomes(id, { status: 'failed', error: { code: 'STAGE_TIMEOUT' } });
    expect(filmOf(await project(id))).toMatchObject({ status: 'pending', preview: { status: 'failed' } });
    expect(await said(TaskFailed, id, 1)).toMatchObject([{ stage: 'video', preview: true }]);
  });

  it('is made of each format that is asked for', async () => {
    const id = await sung(['9:16', '1:1']);
    await post(id, 'video', { preview: true, formats: ['1:1'] });
    await tell(...made(id, 2, '1:1'));
    await becomes(id, { status: 'waiting', revision: 2 });
    expect((await project(id)).stages[2]?.formats).toMatchObject([
      { format: '9:16', status: 'pending' },
      { format: '1:1', status: 'pending', preview: { result: 2 } },
    ]);
    expect(refusal(await post(id, 'video', { preview: true, formats: ['1:1'] }))).toBe('409 STAGE_DONE');
    await post(id, 'video', { preview: true });
    expect((await said(RenderVideo, id, 2)).map(({ plan }) => (plan as { video: object }).video)).toEqual([
      { format: '1:1' },
      { format: '9:16' },
    ]);
  });

  it('is told of in orders, history and events', async () => {
    const id = await previewed();
    expect((await rest.get(`/v1/projects/${id}/orders/2`)).body).toMatchObject({
      ...{ status: 'completed', firstStage: 'video', lastStage: 'video', preview: true, paid: ['video'] },
      stages: [{ stage: 'video', status: 'completed', paid: true }],
    });
    const { entries } = (
      await rest.get<{ entries: { type: string; revision: number; preview?: boolean }[] }>(`/v1/projects/${id}/history`)
    ).body;
    const ofPreview = entries.filter(({ revision }) => revision === 2);
    expect(ofPreview.length).toBeGreaterThanOrEqual(4);
    expect(ofPreview.filter(({ preview }) => !preview)).toEqual([]);
    expect(entries.filter(({ revision, preview }) => revision === 1 && preview)).toEqual([]);
  });

  it('is not there before it is made', async () => {
    const id = await sung();
    expect(refusal(await rest.get(`/v1/projects/${id}/video/preview`))).toBe('404 PREVIEW_NOT_READY');
    expect(refusal(await rest.get(`/v1/projects/${newId()}/video/preview`))).toBe('404 TASK_NOT_FOUND');
  });

  it('needs a song, and photos unless the film shows none', async () => {
    const { id } = (await rest.post<View>('/v1/projects', brief)).body;
    expect(refusal(await post(id, 'video', { preview: true }))).toBe('409 SONG_MISSING');
    expect(refusal(await post(id, 'video', { preview: 'yes' }))).toBe('400 INVALID_INPUT');
  });

  it('is begun once by a rebuild, which finds nothing missing of it', async () => {
    const id = await previewed();
    const before = await project(id);
    const database = new Database(loadConfig(GatewayConfig, env), []);
    const version = async () => (await bed.query('gateway', 'select version from project where task_id = ?', [id]))[0];
    const [was] = [await version()];
    await new Rebuilding(database).foldOrders().finally(() => database.onApplicationShutdown());
    expect([await version(), await project(id)]).toEqual([was, before]);
  });
});
