import {
  deadLetterTopic,
  LyricGenerated,
  message,
  MessageRejected,
  SongFailed,
  SongReady,
  TaskDeleted,
} from '@castad/contracts';
import { headersOf } from '@castad/messaging';
import { newId } from '@castad/platform';
import { aGenerateSong, aLyricGenerated, aPlan, eventually, holdBack } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SERVICE, SongScene } from './song.scene.ts';

jest.setTimeout(120_000);

describe('song-service', () => {
  const scene = new SongScene();
  const { sim, fault, submits, send, row, said, end, callBack, calledBack, inChild } = scene;

  beforeAll(() => scene.start());
  afterAll(() => scene.close());
  beforeEach(() => sim('reset', {}));

  it('sings a lyric and tells when its lines are sung', async () => {
    const taskId = await send();
    const { type, data } = await end(taskId);
    expect(type).toBe(SongReady.type);
    expect(data.tracks).toHaveLength(2);
    expect(data.tracks[0]?.trackId).toBe(data.chosenTrackId);
    expect(data.tracks[0]?.lines?.map(({ text }) => text)).toEqual(['Waves are calling you', 'Stay with us tonight']);
    expect(await row(taskId)).toMatchObject({ status: 'done', attempt: 1 });
    expect(await submits()).toMatchObject([{ status: 200, problems: [] }]);
  });

  it("sings under a title that Suno takes, in the lyric's style, and no labels", async () => {
    const lyric = {
      title: `a${'🌊'.repeat(60)}`,
      style: 'slow jazz',
      sections: [{ label: 'verse' as const, lines: ['Verse 1:', 'Waves are calling you'] }],
    };
    const { data } = await end(
      await send({ lyric, plan: aPlan({ music: { durationSeconds: 30, style: 'loud rock' } }) }),
    );
    expect(data.tracks[0]?.lines?.map(({ text }) => text)).toEqual(['Waves are calling you']);
    expect(await submits()).toMatchObject([
      {
        status: 200,
        problems: [],
        body: { title: `a${'🌊'.repeat(39)}`, style: 'slow jazz', prompt: '[Verse]\nWaves are calling you' },
      },
    ]);
  });

  it('sings once however often the lyric is delivered', async () => {
    const taskId = await send({}, 3);
    await end(taskId);
    await send({ taskId });
    await end(await send());
    expect(await said(taskId)).toHaveLength(1);
    expect(await submits()).toHaveLength(2);
  });

  it('does not sing where the order ends with the lyric, or its time is over', async () => {
    const only = await send({ plan: aPlan({ stopAfter: 'lyric' }) });
    const late = await send({ plan: aPlan({ deadline: new Date(Date.now() - 1_000).toISOString() }) });
    await eventually(async () => expect(await row(late)).toMatchObject({ status: 'expired', attempt: 0 }));
    await end(await send());
    expect(await scene.bed.query(SERVICE, 'select 1 from song where task_id = ?', [only])).toEqual([]);
    expect([await said(only), await said(late)]).toEqual([[], []]);
    expect(await submits()).toHaveLength(1);
  });

  describe('of a deleted project', () => {
    const rows = (...taskIds: string[]) =>
      scene.bed.query(SERVICE, 'select 1 from song where task_id in (?)', [taskIds]);
    const deleted = async (...taskIds: string[]) => {
      await scene.bed.topics.send(
        taskIds.map(taskId => message(TaskDeleted, { taskId, revision: 1 })),
        { times: 2 },
      );
      await eventually(async () => expect(await rows(...taskIds)).toEqual([]));
    };

    it('keeps nothing, and pays for nothing that is ordered, called back or replayed late', async () => {
      const [sung, unheard] = [await send(), newId()];
      await end(sung);
      const { token, job_id } = await row(sung);
      await deleted(sung, unheard);
      for (const taskId of [sung, unheard]) {
        await scene.bed.topics.send([aGenerateSong({ taskId, revision: 2 }), aLyricGenerated({ taskId, revision: 3 })]);
        await callBack(taskId, token, job_id as string);
      }
      await end(await send());
      expect(await rows(sung, unheard)).toEqual([]);
      expect(await submits()).toHaveLength(2);
      expect((await scene.bed.topics.read(deadLetterTopic(SERVICE))).filter(({ key }) => key === sung)).toEqual([]);
    });

    it('follows the job no longer that Suno works on', async () => {
      await fault('callbacks-lost');
      await sim('faults', { endpoint: 'GET /api/v1/generate/record-info', kind: 'garbage', times: 1_000 });
      const taskId = await send();
      await eventually(async () => expect(await row(taskId)).toMatchObject({ status: 'running' }));
      await deleted(taskId);
      await sim('reset', {});
      await end(await send());
      expect([await rows(taskId), await said(taskId)]).toEqual([[], []]);
    });
  });

  it('dead-letters a poison message, says so, and goes on', async () => {
    const poison = aLyricGenerated();
    const value = JSON.stringify({ ...poison, lyric: { title: 'no words' } });
    await scene.bed.topics.sendRaw(LyricGenerated.topic, [
      { key: poison.taskId, value, headers: headersOf(poison, 'test') },
    ]);
    await end(await send());
    await eventually(async () => {
      const dead = (await scene.bed.topics.read(deadLetterTopic(SERVICE))).filter(({ key }) => key === poison.taskId);
      expect(dead.map(({ headers }) => String(headers.dl_reason))).toEqual(['INVALID']);
      const rejected = (await scene.bed.topics.read(MessageRejected.topic)).filter(({ key }) => key === poison.taskId);
      expect(rejected.map(({ data }) => data)).toMatchObject([
        { revision: 1, service: SERVICE, messageType: LyricGenerated.type },
      ]);
    });
    expect(await submits()).toHaveLength(1);
  });

  describe('when Suno answers late, wrongly or not at all', () => {
    it.each(['callbacks-early', 'callbacks-reordered', 'other-case'])('understands %s', async kind => {
      await fault(kind);
      await sim('faults', { endpoint: 'GET /api/v1/generate/record-info', kind: 'other-case' });
      expect((await end(await send())).type).toBe(SongReady.type);
      expect(await submits()).toHaveLength(1);
    });

    it('finishes by the callback when the answer is lost, and has paid once', async () => {
      await fault('drop-response');
      const taskId = await send();
      expect((await end(taskId)).type).toBe(SongReady.type);
      expect(await row(taskId)).toMatchObject({ status: 'done', attempt: 1 });
      expect(await submits()).toHaveLength(1);
    });

    it('does not know the outcome when answer and callbacks are lost, and does not pay again', async () => {
      await fault('drop-response');
      await fault('callbacks-lost');
      const { type, data } = await end(await send());
      expect(type).toBe(SongFailed.type);
      expect(data).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true });
      expect(await submits()).toHaveLength(1);
    });

    it('does not order again what Suno never answered', async () => {
      await fault('hang');
      expect((await end(await send())).data).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      expect(await submits()).toHaveLength(1);
    });

    it('asks again when a look at the job takes too long or brings rubbish', async () => {
      await fault('callbacks-lost');
      await sim('faults', { endpoint: 'GET /api/v1/generate/record-info', kind: 'hang', times: 1 });
      await sim('faults', { endpoint: 'GET /api/v1/generate/record-info', kind: 'garbage', times: 1 });
      expect((await end(await send())).type).toBe(SongReady.type);
      expect(await submits()).toHaveLength(1);
    });
  });

  describe('when Suno refuses', () => {
    it('fails with the reason where nothing would change it', async () => {
      await fault('code', { code: 413 });
      const taskId = await send();
      const { type, data } = await end(taskId);
      expect(type).toBe(SongFailed.type);
      expect(data).toMatchObject({ taskId, revision: 1, code: 'SUNO_TOO_LONG', retryable: false });
      expect(await submits()).toHaveLength(1);
    });

    it.each([
      ['code', { code: 430 }],
      ['status', { status: 430 }],
      ['status', { status: 429, body: 'Too Many Requests' }],
    ])('orders later where it is asked to wait by %s %j', async (kind, how) => {
      await fault(kind, { ...how, headers: { 'retry-after': '1' }, times: 1 });
      const taskId = await send();
      expect((await end(taskId)).type).toBe(SongReady.type);
      expect((await submits()).map(({ job }) => job !== undefined)).toEqual([false, true]);
      expect(await row(taskId)).toMatchObject({ attempt: 2 });
    });

    it.each([
      ['SENSITIVE_WORD_ERROR', { code: 'SUNO_SENSITIVE_WORDS', retryable: false }],
      ['CREATE_TASK_FAILED', { code: 'SUNO_CREATE_FAILED', retryable: true }],
    ])('fails with the reason when the job ends in %s', async (status, reason) => {
      await fault('job-failed', { body: { status } });
      expect((await end(await send())).data).toMatchObject(reason);
      expect(await submits()).toHaveLength(1);
    });
  });

  describe('when Suno says that it is done', () => {
    it('makes the song of what is good, and measures what is not said', async () => {
      await fault('tracks', { body: [{ audioUrl: '' }, { duration: null }] });
      const { type, data } = await end(await send());
      expect(type).toBe(SongReady.type);
      expect(data.tracks).toHaveLength(1);
      expect(data.tracks[0]?.trackId).toBe(data.chosenTrackId);
      expect(data.tracks[0]?.durationSeconds).toBeGreaterThan(1);
    });

    it.each([
      ['nothing can be used', { kind: 'tracks', body: [{ audioUrl: '' }] }, 'SUNO_NO_TRACKS', 'SUCCESS'],
      [
        'a failure that is new',
        { kind: 'job-failed', body: { status: 'VOICE_LOST_ERROR', errorMessage: 'No voice.' } },
        'SUNO_FAILED',
        'VOICE_LOST_ERROR 501 No voice.',
      ],
    ])("fails at once with Suno's own words when it means %s", async (_, { kind, body }, code, detail) => {
      await fault(kind, { body });
      const { type, data } = await end(await send());
      expect(type).toBe(SongFailed.type);
      expect(data).toMatchObject({ code, detail, retryable: true });
      expect(await submits()).toHaveLength(1);
    });
  });

  describe('believes no callback', () => {
    const running = async () => {
      await fault('job-stuck');
      const taskId = await send();
      return eventually(async () => {
        const found = await row(taskId);
        expect(found.status).toBe('running');
        return { ...found, taskId };
      });
    };

    it('that says a job is done which is not', async () => {
      const { taskId, token, job_id } = await running();
      await callBack(taskId, token, job_id as string);
      await callBack(taskId, token, 'another-job');
      await end(await (await sim('reset', {}), send()));
      expect(await row(taskId)).toMatchObject({ status: 'running', job_id });
    });

    it('that names a job of somebody else for an order whose answer was lost', async () => {
      await fault('drop-response');
      await fault('callbacks-late', { ms: 1_000 });
      const taskId = await send();
      const { token } = await eventually(async () => {
        const found = await row(taskId);
        expect(found.token).toBeTruthy();
        return found;
      });
      await callBack(taskId, token, 'another-job');
      expect((await end(taskId)).type).toBe(SongReady.type);
      expect(await submits()).toHaveLength(1);
    });

    it('of a token that is nobody’s, or of another task', async () => {
      const { taskId, token, job_id } = await running();
      await callBack(taskId, 'A'.repeat(43), 'another-job');
      await callBack(newId(), token, 'another-job');
      expect(await row(taskId)).toMatchObject({ status: 'running', job_id, token });
    });
  });

  describe('killed', () => {
    it('before it could commit a message, sings once when the message comes again', async () => {
      const event = aLyricGenerated();
      const headers = headersOf(event, 'test');
      await inChild(async kill => {
        const held = await holdBack(scene.bed, SERVICE, headers.ce_id as string);
        await scene.bed.topics.sendRaw(LyricGenerated.topic, [
          { key: event.taskId, value: JSON.stringify(event), headers },
        ]);
        await held.reached();
        await kill();
        await held.letGo();
      });
      await end(event.taskId);
      expect(await submits()).toHaveLength(1);
    });

    it('between the order and the job id, finishes by the callback that came meanwhile and has paid once', async () => {
      await fault('delay-response', { ms: 60_000 });
      await fault('callbacks-late', { ms: 3_000 });
      let taskId = '';
      await inChild(async kill => {
        taskId = await send();
        await eventually(async () => expect(await submits()).toMatchObject([{ job: expect.any(String) }]));
        await kill();
        expect(await row(taskId)).toMatchObject({ status: 'submitting', job_id: null });
        await eventually(async () => expect(await calledBack(taskId)).not.toEqual([]));
      });
      expect((await end(taskId)).type).toBe(SongReady.type);
      expect(await submits()).toHaveLength(1);
    });
  });

  it('pauses for everybody when the credits are used up, and fails nobody', async () => {
    await fault('code', { code: 429 });
    const taskIds = [await send(), await send()];
    await eventually(async () => {
      const [bucket] = await scene.bed.query<{ paused: number }>(
        SERVICE,
        'select paused_until > now(3) as paused from bucket',
      );
      expect(bucket?.paused).toBe(1);
      for (const taskId of taskIds) expect(await row(taskId)).toMatchObject({ status: 'ordered' });
    });
    const before = await submits();
    const late = await send();
    await eventually(async () => expect(await row(late)).toMatchObject({ status: 'ordered', attempt: 0 }));
    expect(await submits()).toEqual(before);
  });
});
