import { eventually, Rest } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startStudio, type ProjectView, type Studio } from './film.ts';

jest.setTimeout(120_000);

const ALL = ['9:16', '16:9', '1:1'] as const;
const RENDER = 'POST /v2/renders';

type View = ProjectView & { error?: { format?: string } };

describe('films of several formats', () => {
  let studio: Studio;
  let rest: Rest;

  beforeAll(async () => {
    const appEnv = {
      'song-service': { SUNO_POLL_MS: '500' },
      // One render after the other, so that a process can die between two of them.
      'video-service': { CREATOMATE_POLL_MS: '500', CREATOMATE_GRACE_MS: '20000', VIDEO_CONCURRENCY: '1' },
    };
    studio = await startStudio({ appEnv, sim: { SIM_TIME_SCALE: '0.02' } });
    rest = new Rest(studio.system.gatewayUrl);
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  const post = (taskId: string, what: string, body?: object) =>
    rest.post<ProjectView>(`/v1/projects/${taskId}/${what}`, body);
  const order = (formats: readonly string[] = ALL) => studio.order({ video: { formats } });
  const paid = async () => [(await studio.submits('suno')).length, (await studio.submits('creatomate')).length];
  /** The blob that a film is fetched from, after it was fetched. */
  const fetched = async (taskId: string, query: string, what = 'video') => {
    const link = await rest.get(`/v1/projects/${taskId}/${what}${query}`);
    expect(link.status).toBe(302);
    const address = new URL(link.headers.get('location') as string);
    const file = await fetch(address);
    expect(file.status).toBe(200);
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    return address.pathname;
  };
  const films = (taskId: string, formats: readonly string[] = ALL) =>
    Promise.all(formats.map(format => fetched(taskId, `?format=${format}`)));

  it('are made of one song, each is paid once, and each can be fetched', async () => {
    const taskId = await order();
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect(await paid()).toEqual([1, 3]);
    const paths = await films(taskId);
    expect(paths.map(path => /(\d+x\d+)\/film/.exec(path)?.[1])).toEqual(['9x16', '16x9', '1x1']);
    expect(await fetched(taskId, '')).toBe(paths[0]);
    expect(await fetched(taskId, '?format=1:1', 'poster')).toContain('1x1');
    const { videos } = (await rest.get<{ videos: { taskId: string; href: string }[] }>('/v1/videos')).body;
    const listed = videos.filter(video => video.taskId === taskId).map(({ href }) => href);
    expect(await Promise.all(listed.map(async href => (await rest.get(href)).status))).toEqual([302, 302, 302]);
  });

  it('fail one by one: the others are stored, and a retry pays for that one alone', async () => {
    await studio.fault('creatomate', { endpoint: RENDER, kind: 'job-failed', after: 1, times: 1 });
    const taskId = await order();
    const { status, error } = (await studio.ended(taskId)) as View;
    expect([status, error?.code]).toEqual(['failed', 'CREATOMATE_RENDER_FAILED']);
    const others = ALL.filter(format => format !== error?.format);
    expect(others).toHaveLength(2);
    const before = await films(taskId, others);
    expect((await rest.get(`/v1/projects/${taskId}/video?format=${error?.format}`)).status).toBe(404);

    await post(taskId, 'retry');
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect(await paid()).toEqual([1, 4]);
    expect(await films(taskId, others)).toEqual(before);
    await films(taskId);
  });

  it('are joined by another later, which costs a render and no song', async () => {
    const taskId = await studio.order();
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    await post(taskId, 'video', { formats: ['1:1'] });
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect(await paid()).toEqual([1, 2]);
    expect((await films(taskId, ['9:16', '1:1']))[1]).toContain('1x1');
  });

  it('are cancelled in the middle of their renders: a retry pays for none of them again', async () => {
    await studio.fault('creatomate', { endpoint: RENDER, kind: 'delay-response', ms: 1_500, times: 2 });
    const taskId = await order();
    await eventually(async () => expect((await paid())[1]).toBe(3));
    await post(taskId, 'cancel');
    expect(await studio.ended(taskId)).toMatchObject({ status: 'cancelled' });
    await post(taskId, 'retry');
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect(await paid()).toEqual([1, 3]);
    await films(taskId);
  });

  it('are each paid once though video-service is killed between their submits', async () => {
    await studio.fault('creatomate', { endpoint: '*', kind: 'callbacks-late', ms: 10_000 });
    await studio.fault('creatomate', { endpoint: RENDER, kind: 'delay-response', ms: 1_500, times: 1 });
    const taskId = await order();
    await eventually(async () => expect((await paid())[1]).toBe(1));
    await studio.system.kill('video-service', 'SIGKILL');
    const { status, error } = await studio.ended(taskId);
    expect({ status, error }).toEqual({ status: 'completed' });
    expect(await paid()).toEqual([1, 3]);
    await films(taskId);
  });
});
