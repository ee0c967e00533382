import {
  CancelTask,
  type Format,
  GenerateLyric,
  message,
  type Message,
  type MessageClass,
  type Plan,
  RenderFailed,
  RenderSubmitted,
  RenderSucceeded,
  RenderVideo,
  StageDelayed,
  TaskCancelled,
  TaskCompleted,
  TaskFailed,
} from '@castad/contracts';
import { aPlan, eventually, refusal, Rest, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startAlone } from './alone.ts';
import { eventsOf, stored, tellAll } from './told.ts';

jest.setTimeout(120_000);

const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', music: { durationSeconds: 10, style: 'jazz' } };
const failure = { code: 'CREATOMATE_RENDER_FAILED', reason: 'Creatomate could not render the film.', retryable: true };
const ALL: Format[] = ['9:16', '16:9', '1:1'];

interface View {
  taskId: string;
  status: string;
  revision: number;
  error?: { code: string; format?: string };
  video: { format: string; formats?: string[] };
  stages: { stage: string; status: string; stale: boolean; formats?: object[]; attempts: object[] }[];
}

describe('an order of several formats', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    ({ bed, app } = await startAlone());
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const create = (more: object) =>
    rest.post<View>('/v1/projects', { ...brief, run: true, withoutPhotos: true, ...more });
  const order = async (formats: Format[] = ALL) => (await create({ video: { formats } })).body.taskId;
  const post = (taskId: string, what: string, body?: object) => rest.post<View>(`/v1/projects/${taskId}/${what}`, body);
  const choose = (taskId: string, body: object) =>
    rest.call<View>('PUT', `/v1/projects/${taskId}/video/choice`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const project = async (taskId: string) => (await rest.get<View>(`/v1/projects/${taskId}`)).body;
  const becomes = (taskId: string, expected: object) =>
    eventually(async () => expect(await project(taskId)).toMatchObject(expected), 40_000);
  const tell = (...events: Message[]) =>
    tellAll(
      bed.topics,
      events.map((event, second) => ({ event, second })),
    );
  const planFor = (formats: Format[]): Plan => aPlan({ video: { format: formats[0] as Format, formats } });
  /** Everything up to the song. */
  const song = (taskId: string, formats: Format[] = ALL, revision = 1) =>
    eventsOf(taskId, revision, planFor(formats))
      .slice(0, 3)
      .map(({ event }) => event);
  const made = (taskId: string, format: Format, revision = 1) => [
    message(RenderSubmitted, { taskId, revision, format, attempt: 1, jobId: `${format} ${revision}` }),
    message(RenderSucceeded, {
      ...{ taskId, revision, format, plan: aPlan({ video: { format } }) },
      ...{ url: 'http://f.example/1.mp4', durationSeconds: 10 },
    }),
    stored(taskId, revision, 'video', format),
  ];
  const fails = (taskId: string, format: Format, revision = 1) =>
    message(RenderFailed, { taskId, revision, format, ...failure });
  const said = async (type: MessageClass, taskId: string) =>
    (await bed.topics.read(type.topic)).filter(seen => seen.type === type.type && seen.key === taskId);
  const ends = async (taskId: string) => {
    const all = await Promise.all([TaskCompleted, TaskFailed, TaskCancelled].map(type => said(type, taskId)));
    return all.flat().map(({ type, data }) => `${type} ${String(data.revision)}`);
  };
  /** The films that were ordered by commands of this revision, with the order they may take over from. */
  const renders = (taskId: string, revision: number, count: number) =>
    eventually(async () => {
      const commands = (await said(RenderVideo, taskId)).filter(({ data }) => data.revision === revision);
      expect(commands).toHaveLength(count);
      return commands.map(({ data: { plan, retryOf } }) => [(plan as Plan).video, retryOf]);
    });

  it('is made of one plan, and completed when the last of its films is stored', async () => {
    const taskId = await order();
    const [command] = await eventually(async () => {
      const commands = await said(GenerateLyric, taskId);
      expect(commands).toHaveLength(1);
      return commands;
    });
    expect((command?.data.plan as Plan).video).toEqual({ format: '9:16', formats: ALL });
    await tell(...song(taskId), ...made(taskId, '1:1'), ...made(taskId, '9:16'));
    await becomes(taskId, {
      status: 'processing',
      video: { format: '9:16', formats: ALL },
      stages: [
        {},
        {},
        {
          status: 'running',
          paid: true,
          output: { format: '9:16' },
          formats: [
            { format: '9:16', status: 'completed', revision: 1, result: 1, paid: true, output: { format: '9:16' } },
            { format: '16:9', status: 'running', paid: false },
            { format: '1:1', status: 'completed' },
          ],
        },
      ],
    });
    await tell(...made(taskId, '16:9'));
    await becomes(taskId, { status: 'completed', stages: [{}, {}, { status: 'completed', stale: false, result: 1 }] });
    expect(await ends(taskId)).toEqual(['TaskCompleted.v1 1']);
    expect(refusal(await post(taskId, 'run'))).toBe('409 NOTHING_TO_DO');
  });

  it('is the same in whatever order it is heard of', async () => {
    const taskId = await order();
    const news = [...song(taskId), ...ALL.flatMap(format => made(taskId, format))].reverse();
    for (const event of news) await tell(event);
    await becomes(taskId, { status: 'completed', stages: [{}, {}, { status: 'completed' }] });
    const [, , video] = (await project(taskId)).stages;
    expect(video?.formats).toMatchObject(ALL.map(format => ({ format, status: 'completed', output: { format } })));
    expect(await ends(taskId)).toEqual(['TaskCompleted.v1 1']);
  });

  it('fails with the reason of the film that failed once the others are stored; a retry renders that one alone', async () => {
    const taskId = await order();
    await tell(...song(taskId), fails(taskId, '16:9'), ...made(taskId, '9:16'));
    await becomes(taskId, {
      status: 'processing',
      stages: [{}, {}, { status: 'running', formats: [{ status: 'completed' }, { status: 'failed' }, {}] }],
    });
    await tell(...made(taskId, '1:1'));
    await becomes(taskId, {
      status: 'failed',
      error: { ...failure, format: '16:9' },
      stages: [
        {},
        {},
        {
          status: 'failed',
          error: { ...failure, format: '16:9' },
          formats: [{ status: 'completed', result: 1 }, { status: 'failed', error: failure }, { status: 'completed' }],
        },
      ],
    });
    expect((await said(TaskFailed, taskId)).map(({ data }) => [data.stage, data.format])).toEqual([['video', '16:9']]);

    expect((await post(taskId, 'retry')).body).toMatchObject({ revision: 2 });
    expect(await renders(taskId, 2, 1)).toEqual([[{ format: '16:9' }, 1]]);
    await tell(...made(taskId, '16:9', 2));
    await becomes(taskId, { status: 'completed', stages: [{}, {}, { status: 'completed', revision: 2, result: 1 }] });
  });

  it('reads what an older video-service says: a failure without a format is that of the first', async () => {
    const taskId = await order(['16:9', '1:1']);
    const unnamed = { ...fails(taskId, '16:9'), format: undefined };
    await tell(
      ...song(taskId, ['16:9', '1:1']),
      message(StageDelayed, { taskId, revision: 1, stage: 'video', code: 'X', reason: 'It waits.' }),
      message(RenderFailed, unnamed),
      ...made(taskId, '1:1'),
    );
    await becomes(taskId, { status: 'failed', error: { format: '16:9' } });
  });

  it('keeps, when it is cancelled in the middle, the films that are there, and makes the others on a retry', async () => {
    const taskId = await order();
    await tell(...song(taskId), ...made(taskId, '16:9'), made(taskId, '1:1')[0] as Message);
    await becomes(taskId, { stages: [{}, {}, { formats: [{}, { status: 'completed' }, { paid: true }] }] });
    expect((await post(taskId, 'cancel')).body).toMatchObject({ status: 'cancelled', paid: ['video'] });
    await becomes(taskId, {
      status: 'cancelled',
      stages: [
        {},
        {},
        {
          status: 'cancelled',
          formats: [{ status: 'cancelled', paid: false }, { status: 'completed' }, { status: 'cancelled', paid: true }],
        },
      ],
    });
    expect(await said(CancelTask, taskId)).toHaveLength(1);
    await post(taskId, 'retry');
    expect(await renders(taskId, 2, 2)).toEqual([
      [{ format: '9:16' }, 1],
      [{ format: '1:1' }, 1],
    ]);
  });

  it('is joined by a further format, whose film alone is made; run then makes what is missing', async () => {
    const taskId = (await create({ video: { format: '16:9' } })).body.taskId;
    const before = [...eventsOf(taskId, 1, aPlan({ video: { format: '16:9' } }))].slice(0, 3);
    await tell(...before.map(({ event }) => event), ...made(taskId, '16:9'));
    await becomes(taskId, { status: 'completed', video: { format: '16:9' } });

    expect((await post(taskId, 'video', { formats: ['1:1'] })).status).toBe(202);
    expect(await renders(taskId, 2, 1)).toEqual([[{ format: '1:1' }, undefined]]);
    expect(refusal(await post(taskId, 'video', { formats: ['9:16'] }))).toBe('409 ORDER_RUNNING');
    expect((await post(taskId, 'video', { formats: ['1:1'] })).body).toMatchObject({ revision: 2 });
    await tell(fails(taskId, '1:1', 2));
    await becomes(taskId, {
      status: 'failed',
      error: { format: '1:1' },
      video: { format: '16:9', formats: ['16:9', '1:1'] },
      stages: [
        {},
        {},
        {
          status: 'failed',
          result: 1,
          formats: [
            { format: '16:9', status: 'completed', revision: 1, result: 1, stale: false },
            { format: '1:1', status: 'failed', revision: 2, stale: false },
          ],
        },
      ],
    });
    await post(taskId, 'run');
    expect(await renders(taskId, 3, 1)).toEqual([[{ format: '1:1' }, 2]]);
    await tell(...made(taskId, '1:1', 3));
    await becomes(taskId, { status: 'completed' });
    expect(refusal(await post(taskId, 'video'))).toBe('409 STAGE_DONE');
    await post(taskId, 'video', { again: true });
    expect(await renders(taskId, 4, 2)).toEqual([
      [{ format: '16:9' }, undefined],
      [{ format: '1:1' }, undefined],
    ]);
  });

  it('is joined by a format that the project is given later, which makes no film stale', async () => {
    const taskId = (await create({ video: { format: '16:9' } })).body.taskId;
    const before = [...eventsOf(taskId, 1, aPlan({ video: { format: '16:9' } }))].slice(0, 3);
    await tell(...before.map(({ event }) => event), ...made(taskId, '16:9'));
    await becomes(taskId, { status: 'completed' });
    const patch = (video: object) =>
      rest.call<View>('PATCH', `/v1/projects/${taskId}`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ video }),
      });
    expect((await patch({ formats: ['16:9', '9:16'] })).body).toMatchObject({
      video: { format: '16:9', formats: ['16:9', '9:16'] },
      stages: [{}, {}, { status: 'pending', stale: false, result: 1 }],
    });
    await post(taskId, 'run');
    expect(await renders(taskId, 3, 1)).toEqual([[{ format: '9:16' }, undefined]]);
    await tell(...made(taskId, '9:16', 3));
    await becomes(taskId, { status: 'completed', stages: [{}, {}, { status: 'completed', stale: false }] });
    expect(refusal(await patch({ format: '1:1', formats: ['9:16', '1:1'] }))).toBe('400 INVALID_INPUT');
    expect((await patch({ format: '9:16' })).body.video).toEqual({ format: '9:16' });
  });

  it('tells of its order what became of each of its films', async () => {
    const taskId = await order(['9:16', '1:1']);
    await tell(...song(taskId, ['9:16', '1:1']), ...made(taskId, '9:16'), fails(taskId, '1:1'));
    await becomes(taskId, { status: 'failed' });
    const { body } = await rest.get(`/v1/projects/${taskId}/orders/1`);
    expect(body).toMatchObject({
      status: 'failed',
      error: { ...failure, format: '1:1' },
      stages: [
        {},
        {},
        {
          stage: 'video',
          status: 'failed',
          formats: [
            { format: '9:16', status: 'completed' },
            { format: '1:1', error: failure },
          ],
        },
      ],
    });
  });

  it('has a choice for each of its films, and each is listed', async () => {
    const taskId = await order(['9:16', '1:1']);
    await tell(...song(taskId, ['9:16', '1:1']), ...made(taskId, '9:16'), ...made(taskId, '1:1'));
    await becomes(taskId, { status: 'completed' });
    await post(taskId, 'video', { formats: ['1:1'], again: true });
    await tell(...made(taskId, '1:1', 2));
    await becomes(taskId, { status: 'completed' });
    const results = (view: View) => view.stages[2]?.formats?.map(film => (film as { result: number }).result);
    expect(results(await project(taskId))).toEqual([1, 2]);
    expect(results((await choose(taskId, { revision: 1, format: '1:1' })).body)).toEqual([1, 1]);
    expect(refusal(await choose(taskId, { revision: 2 }))).toBe('404 REVISION_NOT_FOUND');
    expect(results((await choose(taskId, { revision: 2, format: '1:1' })).body)).toEqual([1, 2]);
    const { videos } = (await rest.get<{ videos: { taskId: string; format: string; href: string }[] }>('/v1/videos'))
      .body;
    expect(videos.filter(video => video.taskId === taskId).map(({ format, href }) => [format, href])).toEqual([
      ['9:16', `/v1/projects/${taskId}/video`],
      ['1:1', `/v1/projects/${taskId}/video?format=1%3A1`],
    ]);
  });

  it.each([
    ['formats that do not begin with the format', { format: '1:1', formats: ['9:16', '1:1'] }],
    ['a format twice', { formats: ['9:16', '9:16'] }],
    ['a format that nobody knows', { formats: ['9:16', '4:3'] }],
    ['no format', { formats: [] }],
    ['formats that are no list', { formats: '9:16' }],
    ['a template for more than one shape', { formats: ['9:16', '1:1'], template: 'my-own' }],
  ])('is refused with %s', async (_, video) => {
    const answer = await create({ video });
    expect(refusal(answer)).toBe('400 INVALID_INPUT');
    expect(JSON.stringify(answer.body)).toMatch(/formats/);
  });

  it('is refused where the project has a template of its own, which has one shape', async () => {
    const { taskId } = (await create({ run: false, video: { template: 'my-own' } })).body;
    expect(refusal(await post(taskId, 'video', { formats: ['1:1'], withoutPhotos: true }))).toBe(
      '409 TEMPLATE_OF_ONE_FORMAT',
    );
    expect((await project(taskId)).video).toEqual({ format: '9:16', template: 'my-own' });
  });

  it('takes the first of its formats for the format, and a single one for an ordinary film', async () => {
    const { taskId } = (await create({ run: false, withoutPhotos: false, video: { formats: ['1:1'] } })).body;
    expect((await project(taskId)).video).toEqual({ format: '1:1' });
  });
});
