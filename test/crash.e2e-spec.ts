import { topics as allTopics } from '@castad/contracts';
import { eventually } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(120_000);

/** Long enough to kill a process in between, short enough for the call's own time-out. */
const SLOW_MS = 1_500;

/** Long enough for a killed service to be back, on a busy machine too. */
const RESTART_MS = 10_000;

describe('a service that dies', () => {
  let studio: Studio;

  beforeAll(async () => {
    const appEnv = {
      'song-service': { SUNO_POLL_MS: '60000', SUNO_GRACE_MS: '20000' },
      'video-service': { CREATOMATE_POLL_MS: '60000', CREATOMATE_GRACE_MS: '20000' },
    };
    studio = await startStudio({ appEnv });
  });

  afterAll(() => studio.close());

  beforeEach(() => studio.reset());

  const seen = (provider: 'openai' | 'suno' | 'creatomate', query: string) =>
    eventually(async () => {
      const { count } = await studio.requests(provider, query);
      expect(count).toBeGreaterThan(0);
    });

  const submitsOf = async (provider: 'suno' | 'creatomate') => (await studio.submits(provider)).length;

  it('leaves no order behind when the gateway is killed just after it accepted one', async () => {
    const taskId = await studio.order();
    await studio.system.kill('gateway', 'SIGKILL');

    await studio.system.waitReady('gateway');
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect([await submitsOf('suno'), await submitsOf('creatomate')]).toEqual([1, 1]);
  });

  it('finishes the film when lyric-service is killed while the model writes', async () => {
    await studio.fault('openai', { endpoint: 'POST /v1/chat/completions', kind: 'delay', ms: SLOW_MS, times: 1 });
    const taskId = await studio.order();
    await seen('openai', '?path=/v1/chat/completions');
    await studio.system.kill('lyric-service', 'SIGKILL');

    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect([await submitsOf('suno'), await submitsOf('creatomate')]).toEqual([1, 1]);
  });

  it('finishes the film when storage-service is killed while it copies', async () => {
    await studio.fault('suno', { endpoint: 'GET /media/*', kind: 'delay', ms: SLOW_MS, times: 1 });
    const taskId = await studio.order();
    await seen('suno', '?path=/media/*');
    await studio.system.kill('storage-service', 'SIGKILL');

    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect([await submitsOf('suno'), await submitsOf('creatomate')]).toEqual([1, 1]);
  });

  const paid = [
    { service: 'song-service', provider: 'suno', endpoint: 'POST /api/v1/generate', path: '/api/v1/generate' },
    { service: 'video-service', provider: 'creatomate', endpoint: 'POST /v2/renders', path: '/v2/renders' },
  ] as const;

  describe.each(paid)('$service', ({ service, provider, endpoint, path }) => {
    const killBetweenSubmitAndSave = async (): Promise<string> => {
      // The provider takes the order at once; its answer would come later.
      await studio.fault(provider, { endpoint, kind: 'delay-response', ms: SLOW_MS, times: 1 });
      const taskId = await studio.order();
      await seen(provider, `?path=${path}&method=POST`);
      await studio.system.kill(service, 'SIGKILL');
      return taskId;
    };

    it('finishes the film with one paid submit when it is killed while the provider works', async () => {
      await studio.fault(provider, { endpoint: '*', kind: 'callbacks-late', ms: RESTART_MS });
      const taskId = await studio.order();
      await eventually(async () => expect(await submitsOf(provider)).toBe(1));
      await studio.system.kill(service, 'SIGKILL');

      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
      expect([await submitsOf('suno'), await submitsOf('creatomate')]).toEqual([1, 1]);
    });

    it('finishes the film with one paid submit when it is killed between submit and saved job id', async () => {
      await studio.fault(provider, { endpoint: '*', kind: 'callbacks-late', ms: RESTART_MS });
      const taskId = await killBetweenSubmitAndSave();

      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
      expect([await submitsOf('suno'), await submitsOf('creatomate')]).toEqual([1, 1]);
    });

    it('says that the outcome is unknown when the callback is lost as well, and pays no second time', async () => {
      await studio.fault(provider, { endpoint: '*', kind: 'callbacks-lost' });
      const taskId = await killBetweenSubmitAndSave();

      const project = await studio.ended(taskId);

      expect(project).toMatchObject({ status: 'failed', error: { code: 'OUTCOME_UNKNOWN', retryable: true } });
      expect(await submitsOf(provider)).toBe(1);
      const ends = (await studio.topics.read(allTopics.taskEvents.name)).filter(({ key }) => key === taskId);
      expect(ends.map(({ type, data }) => [type, data.code])).toEqual([['TaskFailed.v1', 'OUTCOME_UNKNOWN']]);
    });
  });

  it('loses nothing and pays nothing twice when every service is stopped and started under load', async () => {
    const films = 30;
    const taskIds = await Promise.all(Array.from({ length: films }, () => studio.order()));
    for (const { name } of studio.system.services) {
      await studio.system.kill(name, 'SIGTERM');
      await studio.system.waitReady(name);
    }

    const projects = await Promise.all(taskIds.map(taskId => studio.ended(taskId, 90_000)));

    expect(projects.filter(({ status }) => status !== 'completed')).toEqual([]);
    expect([await submitsOf('suno'), await submitsOf('creatomate')]).toEqual([films, films]);
  });
});
