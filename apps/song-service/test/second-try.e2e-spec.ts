import { SongReady, SongSubmitBegun, StageDelayed } from '@castad/contracts';
import { replay } from '@castad/messaging';
import { eventually } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GENERATE, SERVICE, SongScene } from './song.scene.ts';

jest.setTimeout(120_000);

describe('song-service, when Suno could not compose the song', () => {
  const scene = new SongScene();
  const { sim, fault, submits, send, row, end, inChild } = scene;

  beforeAll(() => scene.start());
  afterAll(() => scene.close());
  beforeEach(() => sim('reset', {}));

  const told = async (taskId: string) =>
    (await scene.bed.topics.read(StageDelayed.topic)).filter(({ key }) => key === taskId).map(({ data }) => data);
  const noted = async (taskId: string) =>
    (await scene.bed.topics.read(SongSubmitBegun.topic))
      .filter(({ key, type }) => key === taskId && type === SongSubmitBegun.type)
      .map(({ data }) => data.replaces);

  it('orders it once more, and tells and notes that', async () => {
    await fault('job-failed', { times: 1 });
    const taskId = await send();
    expect((await end(taskId)).type).toBe(SongReady.type);
    const [first, second] = await submits();
    expect(await noted(taskId)).toEqual([undefined, first?.job]);
    expect(await told(taskId)).toMatchObject([{ stage: 'song', code: 'SUNO_GENERATION_FAILED' }]);
    expect(await row(taskId)).toMatchObject({ status: 'done', attempt: 2, job_id: second?.job });
  });

  it('fails at the second failure, and orders no third song', async () => {
    await fault('job-failed');
    const taskId = await send();
    expect((await end(taskId)).data).toMatchObject({ code: 'SUNO_GENERATION_FAILED', retryable: true });
    expect(await submits()).toHaveLength(2);
  });

  it('orders no third song where the second answer was lost, and follows its callback', async () => {
    await fault('job-failed');
    await fault('drop-response', { after: 1 });
    expect((await end(await send())).data).toMatchObject({ code: 'SUNO_GENERATION_FAILED' });
    expect(await submits()).toHaveLength(2);
  });

  it('does not know the outcome where answer and callback of the second order are lost', async () => {
    await fault('job-failed', { times: 1 });
    await fault('drop-response', { after: 1 });
    await fault('callbacks-lost');
    expect((await end(await send())).data).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await submits()).toHaveLength(2);
  });

  it('may be refused before the second order is taken', async () => {
    await fault('job-failed', { times: 1 });
    await fault('code', { code: 430, after: 1, times: 2, headers: { 'retry-after': '1' } });
    const taskId = await send();
    expect((await end(taskId)).type).toBe(SongReady.type);
    expect((await submits()).map(({ job }) => job !== undefined)).toEqual([true, false, false, true]);
    expect(await row(taskId)).toMatchObject({ attempt: 4 });
  });

  it('orders no third song after its database was lost', async () => {
    await fault('job-failed', { times: 1 });
    await fault('job-stuck', { after: 1 });
    const taskId = await send();
    const { token, job_id } = await eventually(async () => {
      const found = await row(taskId);
      expect(found).toMatchObject({ status: 'running', attempt: 2, job_id: (await submits())[1]?.job });
      return found;
    });
    await scene.bed.query(SERVICE, 'delete from song where task_id = ?', [taskId]);
    await replay(scene.bed.topics.kafka, { to: SERVICE, from: [SongSubmitBegun.topic], taskId, force: true });
    await eventually(async () => expect(await row(taskId)).toMatchObject({ status: 'running', attempt: 2, job_id }));
    const data = { status: 'GENERATE_AUDIO_FAILED', param: token, response: null };
    const answer = { kind: 'status', status: 200, body: { code: 200, msg: 'success', data } };
    await sim('faults', { endpoint: 'GET /api/v1/generate/record-info', match: job_id, ...answer });
    expect((await end(taskId)).data).toMatchObject({ code: 'SUNO_GENERATION_FAILED' });
    expect(await submits()).toHaveLength(2);
  });

  it.each([
    ['killed before the second order', 1, { kind: 'delay', ms: 60_000, times: 1 }],
    ['killed between the second order and its job id', 2, { kind: 'delay-response', ms: 60_000 }],
  ])('orders no third song when it was %s', async (_, taken, slow) => {
    await fault('job-failed');
    // The first order is answered; what is slow is the poll, or the second order.
    const isPoll = taken === 1;
    const endpoint = isPoll ? 'GET /api/v1/generate/record-info' : GENERATE;
    await sim('faults', { endpoint, after: isPoll ? 0 : 1, ...slow });
    await fault('callbacks-late', { ms: 3_000, after: 1 });
    let taskId = '';
    await inChild(async kill => {
      taskId = await send();
      await eventually(async () => expect((await submits()).filter(({ job }) => job)).toHaveLength(taken));
      await kill();
    });
    expect((await end(taskId)).data).toMatchObject({ code: 'SUNO_GENERATION_FAILED' });
    expect(await submits()).toHaveLength(2);
  });
});
