import { topics as allTopics } from '@castad/contracts';
import { eventually, Rest } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startStudio, type ProjectView, type Studio } from './film.ts';

jest.setTimeout(120_000);

const SLOW_MS = 1_500;
const PROVIDERS = ['suno', 'creatomate'] as const;
type Provider = (typeof PROVIDERS)[number];

interface History {
  entries: { type: string; waiting?: { code: string } }[];
}

const endpoints = {
  openai: 'POST /v1/chat/completions',
  suno: 'POST /api/v1/generate',
  creatomate: 'POST /v2/renders',
};

describe('a film that somebody changes their mind about', () => {
  let studio: Studio;
  let rest: Rest;

  beforeAll(async () => {
    const appEnv = {
      'song-service': { SUNO_POLL_MS: '500', SUNO_GRACE_MS: '5000' },
      'video-service': { CREATOMATE_POLL_MS: '500', CREATOMATE_GRACE_MS: '5000' },
    };
    studio = await startStudio({ appEnv, sim: { SIM_TIME_SCALE: '0.02' } });
    rest = new Rest(studio.system.gatewayUrl);
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  const post = (taskId: string, what: string, body?: object) =>
    rest.post<ProjectView>(`/v1/projects/${taskId}/${what}`, body);
  const put = (taskId: string, what: string, body: object) =>
    rest.call<ProjectView>('PUT', `/v1/projects/${taskId}/${what}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const paid = async () =>
    Object.fromEntries(
      await Promise.all(PROVIDERS.map(async name => [name, (await studio.submits(name)).length] as const)),
    ) as Record<Provider, number>;
  const asked = (provider: keyof typeof endpoints) =>
    eventually(async () => {
      const [method, path] = endpoints[provider].split(' ');
      expect((await studio.requests(provider, `?path=${path}&method=${method}`)).count).toBeGreaterThan(0);
    });
  const completed = async (taskId: string) => expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
  const endsOf = async (taskId: string) => {
    const seen = (await studio.topics.read(allTopics.taskEvents.name)).filter(({ key }) => key === taskId);
    return seen.map(({ type, data }) => `${type} ${String(data.revision)}`);
  };
  /** Everything that was to be said about a cancelled order has been heard: the services' queues are empty. */
  const settled = () =>
    eventually(async () => {
      for (const service of ['lyric-service', 'song-service', 'video-service'])
        expect(await studio.topics.lag(service, allTopics.taskCommands.name)).toBe(0);
    });

  it.each([
    ['openai', { suno: 0, creatomate: 0 }],
    ['suno', { suno: 1, creatomate: 0 }],
    ['creatomate', { suno: 1, creatomate: 1 }],
  ] as const)(
    'is cancelled while %s works: nothing later is begun, and a retry pays for nothing again',
    async (provider, spent) => {
      await studio.fault(provider, { endpoint: endpoints[provider], kind: 'delay-response', ms: SLOW_MS, times: 1 });
      const taskId = await studio.order();
      await asked(provider);
      const answers = await Promise.all([post(taskId, 'cancel'), post(taskId, 'cancel')]);
      expect(answers.map(({ status, body }) => [status, body.status])).toEqual(Array(2).fill([202, 'cancelled']));
      await settled();
      expect(await paid()).toEqual(spent);
      expect(await endsOf(taskId)).toEqual(['TaskCancelled.v1 1']);

      await post(taskId, 'retry');
      await completed(taskId);
      expect(await paid()).toEqual({ suno: 1, creatomate: 1 });
      expect(await endsOf(taskId)).toEqual(['TaskCancelled.v1 1', 'TaskCompleted.v1 2']);
    },
  );

  it('shows after it was cancelled that a provider was paid, as soon as that is known', async () => {
    await studio.fault('suno', { endpoint: endpoints.suno, kind: 'delay-response', ms: SLOW_MS, times: 1 });
    const taskId = await studio.order();
    await asked('suno');
    expect((await post(taskId, 'cancel')).body).toMatchObject({ paid: [] });
    await eventually(async () =>
      expect(await studio.project(taskId)).toMatchObject({
        status: 'cancelled',
        stages: [{}, { stage: 'song', status: 'cancelled', paid: true }, {}],
      }),
    );
  });

  it('is retried after its provider failed: that stage is paid for again, and no other', async () => {
    await studio.fault('creatomate', { endpoint: endpoints.creatomate, kind: 'job-failed', times: 1 });
    const taskId = await studio.order();
    expect(await studio.ended(taskId)).toMatchObject({ status: 'failed', error: { code: 'CREATOMATE_RENDER_FAILED' } });
    await post(taskId, 'retry');
    await completed(taskId);
    expect(await paid()).toEqual({ suno: 1, creatomate: 2 });
  });

  it('is finished though Suno could not compose its song at first: that is told, and the song paid for once more', async () => {
    await studio.fault('suno', { endpoint: endpoints.suno, kind: 'job-failed', times: 1 });
    const taskId = await studio.order();
    await completed(taskId);
    expect(await paid()).toEqual({ suno: 2, creatomate: 1 });
    const { body } = await rest.get<History>(`/v1/projects/${taskId}/history`);
    const told = body.entries.map(({ type, waiting }) => (waiting ? `${type} ${waiting.code}` : type));
    const twice = ['SongSubmitted', 'SongSubmitted', 'StageDelayed SUNO_GENERATION_FAILED'];
    expect(told.filter(words => /^(SongSubmitted|StageDelayed)/.test(words)).sort()).toEqual(twice);
  });

  it('is retried while its film could not be fetched: the paid film is fetched, not made again', async () => {
    await studio.fault('creatomate', { endpoint: 'GET /media/*', kind: 'status', status: 403 });
    const taskId = await studio.order();
    await eventually(async () => {
      const films = await studio.topics.read(allTopics.videoEvents.name);
      expect(films.some(({ key, type }) => key === taskId && type === 'RenderSucceeded.v1')).toBe(true);
    });
    expect((await post(taskId, 'cancel')).body).toMatchObject({ status: 'cancelled' });
    await studio.calm();
    await post(taskId, 'retry');
    await completed(taskId);
    expect(await paid()).toEqual({ suno: 1, creatomate: 1 });
    expect((await rest.get(`/v1/projects/${taskId}/video`)).status).toBe(302);
  });

  it('is sung in the words of its client, and cut to the other track', async () => {
    const taskId = await studio.order();
    await completed(taskId);
    const sections = [{ label: 'chorus', lines: ['Our very own words', 'Nobody else wrote them'] }];
    await put(taskId, 'lyric', { sections, stopAfter: 'song' });
    expect(await studio.ended(taskId)).toMatchObject({
      status: 'waiting',
      stages: [{}, {}, { stale: true, result: 1 }],
    });
    expect(JSON.stringify((await studio.submits('suno'))[1]?.body)).toContain('Our very own words');
    expect((await studio.requests('openai', '?path=/v1/chat/completions')).count).toBe(1);

    const [, song] = (await studio.project(taskId)).stages;
    const { tracks } = song?.output as { tracks: { trackId: string; lines: object[] }[] };
    const other = tracks[1];
    expect(other?.lines).toHaveLength(2);
    expect((await put(taskId, 'song/choice', { revision: 2, trackId: other?.trackId })).body.revision).toBe(3);
    await post(taskId, 'run', { revision: 3 });
    await completed(taskId);
    expect(JSON.stringify((await studio.submits('creatomate'))[1]?.body)).toContain(
      encodeURIComponent(other?.trackId ?? '?'),
    );
    expect(await paid()).toEqual({ suno: 2, creatomate: 2 });

    const first = await put(taskId, 'video/choice', { revision: 1 });
    expect(first.body.stages[2]).toMatchObject({ result: 1, stale: true });
    const old = await rest.get(`/v1/projects/${taskId}/video`);
    const one = await rest.get(`/v1/projects/${taskId}/video?revision=1`);
    const path = (answer: { headers: Headers }) => new URL(answer.headers.get('location') as string).pathname;
    expect(path(old)).toBe(path(one));
  });

  it('by two clients at once, five times over, ends once an order and is paid once an order', async () => {
    const taskId = await studio.order();
    const client = async () => {
      for (let round = 0; round < 5; round++)
        for (const what of ['cancel', 'retry', 'song', 'cancel', 'retry']) await post(taskId, what);
    };
    await Promise.all([client(), client()]);
    const { status } = await studio.ended(taskId);
    expect(['completed', 'waiting', 'cancelled', 'failed']).toContain(status);
    const { revision } = await studio.project(taskId);
    await settled();
    await eventually(async () => {
      const ends = await endsOf(taskId);
      expect(new Set(ends).size).toBe(ends.length);
      expect(ends).toHaveLength(revision);
    });
    const begun = (await studio.topics.read(allTopics.songEvents.name, allTopics.videoEvents.name)).filter(
      ({ key, type }) => key === taskId && type.endsWith('SubmitBegun.v1'),
    );
    const perOrder = Map.groupBy(begun, ({ type, data }) => `${type} ${String(data.revision)}`);
    expect([...perOrder.values()].map(({ length }) => length)).toEqual([...perOrder.values()].map(() => 1));
    expect((await paid()).suno).toBeLessThanOrEqual(begun.filter(({ type }) => type.startsWith('Song')).length);
  });
});
