import {
  CancelTask,
  GenerateLyric,
  GenerateSong,
  LyricFailed,
  message,
  type Message,
  type MessageClass,
  MessageRejected,
  RenderFailed,
  RenderVideo,
  SongFailed,
  SongReady,
  SongSubmitted,
  StageDelayed,
  TaskCancelled,
  TaskCompleted,
  TaskFailed,
} from '@castad/contracts';
import { aPlan, aTrack, bootWith, eventually, refusal, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { eventsOf, stored, tellAll } from './told.ts';

jest.setTimeout(120_000);

const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', music: { durationSeconds: 10, style: 'jazz' } };
const failure = { code: 'SUNO_GENERATION_FAILED', reason: 'Suno could not compose the song.', retryable: true };
const words = { sections: [{ label: 'verse', lines: ['Our own words'] }] };

interface View {
  taskId: string;
  status: string;
  revision: number;
  error?: { code: string };
  paid?: string[];
  stages: { stage: string; status: string; revision: number; result?: number; stale: boolean; paid?: boolean }[];
}

/** The gateway and nobody else: what the services say, the test says. */
describe('orders', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;
  const env = (changes: Record<string, string> = {}) =>
    bed.env('gateway', {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
      WORKER_POLL_MS: '100',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
      ...changes,
    });

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate('gateway', migrations);
    app = await bootWith(env(), GatewayModule, { http: setUpHttp });
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const order = async (more: object = {}) =>
    (await rest.post<View>('/v1/projects', { ...brief, run: true, withoutPhotos: true, ...more })).body.taskId;
  const post = (taskId: string, what: string, body?: object) => rest.post<View>(`/v1/projects/${taskId}/${what}`, body);
  const put = (taskId: string, what: string, body: object) =>
    rest.call<View>('PUT', `/v1/projects/${taskId}/${what}`, {
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
  const film = (taskId: string, revision: number) => tell(...eventsOf(taskId, revision).map(({ event }) => event));
  const said = async (type: MessageClass, taskId: string) =>
    (await bed.topics.read(type.topic)).filter(seen => seen.type === type.type && seen.key === taskId);
  const command = (type: MessageClass, taskId: string, revision: number) =>
    eventually(async () => {
      const [found, ...others] = (await said(type, taskId)).filter(({ data }) => data.revision === revision);
      expect([found !== undefined, others.length]).toEqual([true, 0]);
      return found?.data;
    });
  const ends = async (taskId: string) => {
    const all = await Promise.all([TaskCompleted, TaskFailed, TaskCancelled].map(type => said(type, taskId)));
    return all.flat().map(({ type, data }) => `${type} ${String(data.revision)}`);
  };

  describe('cancelled', () => {
    it('end at once and once, tell every service, and say what was paid', async () => {
      const taskId = await order();
      await tell(eventsOf(taskId, 1)[0].event, message(SongSubmitted, { taskId, revision: 1, attempt: 1, jobId: 'j' }));
      await becomes(taskId, { stages: [{}, { status: 'running', paid: true }, {}] });
      const answers = await Promise.all([1, 2, 3].map(() => post(taskId, 'cancel')));
      expect(answers.map(({ status, body }) => [status, body])).toEqual(
        Array(3).fill([202, { projectId: taskId, taskId, revision: 1, status: 'cancelled', paid: ['song'] }]),
      );
      expect(await project(taskId)).toMatchObject({
        status: 'cancelled',
        stages: [{ status: 'completed' }, { status: 'cancelled' }, { status: 'pending' }],
      });
      expect(await command(CancelTask, taskId, 1)).toEqual({ taskId, revision: 1 });
      expect(await command(TaskCancelled, taskId, 1)).toMatchObject({ stage: 'song', paid: ['song'] });
    });

    it('keep what comes late, and begin nothing of it', async () => {
      const taskId = await order();
      await post(taskId, 'cancel');
      await film(taskId, 1);
      await becomes(taskId, { status: 'cancelled', stages: [{}, {}, { status: 'completed' }] });
      await command(TaskCancelled, taskId, 1);
      expect(await ends(taskId)).toEqual(['TaskCancelled.v1 1']);
    });

    it('while they complete, end one way or the other', async () => {
      const taskIds = await Promise.all(Array.from({ length: 10 }, () => order()));
      const [, answers] = await Promise.all([
        Promise.all(taskIds.map(taskId => film(taskId, 1))),
        Promise.all(taskIds.map(taskId => post(taskId, 'cancel'))),
      ]);
      for (const [i, taskId] of taskIds.entries()) {
        const isCancelled = answers[i]?.status === 202;
        await becomes(taskId, { status: isCancelled ? 'cancelled' : 'completed' });
        const end = `${isCancelled ? TaskCancelled.type : TaskCompleted.type} 1`;
        await eventually(async () => expect(await ends(taskId)).toEqual([end]));
      }
    });

    it('are none where none runs', async () => {
      const { taskId } = (await rest.post<View>('/v1/projects', brief)).body;
      expect(refusal(await post(taskId, 'cancel'))).toBe('409 NOTHING_TO_CANCEL');
      const done = await order();
      await film(done, 1);
      await becomes(done, { status: 'completed' });
      expect(refusal(await post(done, 'cancel'))).toBe('409 NOTHING_TO_CANCEL');
    });
  });

  describe('retried', () => {
    it('begin where they failed, with what was made before, and name the order that paid', async () => {
      const taskId = await order();
      const [lyric, song, files] = eventsOf(taskId, 1).map(({ event }) => event) as [Message, SongReady, Message];
      await tell(lyric, song, files, message(RenderFailed, { taskId, revision: 1, ...failure }));
      await becomes(taskId, { status: 'failed' });
      expect((await post(taskId, 'retry')).body).toMatchObject({ revision: 2, status: 'processing' });
      expect(await command(RenderVideo, taskId, 2)).toMatchObject({
        retryOf: 1,
        songRevision: 1,
        track: song.tracks[0],
      });
      await tell(message(RenderFailed, { taskId, revision: 2, ...failure }));
      await becomes(taskId, { status: 'failed', stages: [{}, {}, { revision: 2, status: 'failed' }] });
      expect((await post(taskId, 'run')).body).toMatchObject({ revision: 3 });
      expect(await command(RenderVideo, taskId, 3)).toMatchObject({ retryOf: 2 });
    });

    it('pay once more for what may have been paid only if a person says so: not to run, but to retry', async () => {
      const taskId = await order();
      const unknown = { ...failure, code: 'OUTCOME_UNKNOWN' };
      await tell(eventsOf(taskId, 1)[0].event, message(SongFailed, { taskId, revision: 1, ...unknown }));
      await becomes(taskId, { status: 'failed' });
      expect(refusal(await post(taskId, 'run'))).toBe('409 OUTCOME_UNKNOWN');
      expect((await post(taskId, 'retry')).body).toMatchObject({ revision: 2 });
      expect(await command(GenerateSong, taskId, 2)).toMatchObject({ retryOf: 1 });
      await tell(message(SongFailed, { taskId, revision: 2, ...unknown }));
      await becomes(taskId, { status: 'failed', revision: 2 });
      expect((await post(taskId, 'song')).body).toMatchObject({ revision: 3 });
    });

    it('are run with what was begun before, also after other orders', async () => {
      const taskId = await order();
      await tell(eventsOf(taskId, 1)[0].event, message(SongFailed, { taskId, revision: 1, ...failure }));
      await becomes(taskId, { status: 'failed' });
      await post(taskId, 'lyric', { again: true });
      await post(taskId, 'cancel');
      expect((await post(taskId, 'run')).body).toMatchObject({ revision: 3 });
      expect(await command(GenerateSong, taskId, 3)).toMatchObject({ retryOf: 1 });
    });

    it('go on to where they were to go', async () => {
      const taskId = await order({ stopAfter: 'song' });
      await tell(eventsOf(taskId, 1)[0].event, message(SongFailed, { taskId, revision: 1, ...failure }));
      await becomes(taskId, { status: 'failed' });
      await post(taskId, 'retry');
      expect(await command(GenerateSong, taskId, 2)).toMatchObject({ retryOf: 1, plan: { stopAfter: 'song' } });
    });

    it('twice at once are one order', async () => {
      const taskId = await order();
      await post(taskId, 'cancel');
      const answers = await Promise.all([1, 2, 3].map(() => post(taskId, 'retry')));
      expect(answers.map(({ status, body }) => [status, body.revision])).toEqual(Array(3).fill([202, 2]));
      expect(await command(GenerateLyric, taskId, 2)).toMatchObject({ revision: 2 });
    });

    it('are none where none failed', async () => {
      const taskId = await order({ stopAfter: 'lyric' });
      await tell(eventsOf(taskId, 1, aPlan({ stopAfter: 'lyric' }))[0].event);
      await becomes(taskId, { status: 'waiting' });
      expect(refusal(await post(taskId, 'retry'))).toBe('409 NOTHING_TO_RETRY');
    });
  });

  describe('again for a stage', () => {
    const finished = async () => {
      const taskId = await order();
      await film(taskId, 1);
      await becomes(taskId, { status: 'completed' });
      return taskId;
    };

    it('make the next revision, and keep what was made of the one before, as stale', async () => {
      const taskId = await finished();
      await post(taskId, 'lyric', { again: true });
      await tell(eventsOf(taskId, 2, aPlan({ stopAfter: 'lyric' }))[0].event);
      await becomes(taskId, {
        status: 'waiting',
        stages: [
          { revision: 2, result: 2, stale: false },
          { revision: 1, result: 1, status: 'completed', stale: true },
          { revision: 1, result: 1, status: 'completed', stale: true },
        ],
      });
      expect((await post(taskId, 'run')).body).toMatchObject({ revision: 3 });
      expect(await command(GenerateSong, taskId, 3)).not.toHaveProperty('retryOf');
    });

    it("take the client's own words as the next revision, without asking a model", async () => {
      const taskId = await finished();
      expect((await put(taskId, 'lyric', words)).body).toMatchObject({ revision: 2, status: 'processing' });
      expect(await command(GenerateLyric, taskId, 2)).toMatchObject({
        lyric: { ...words, title: 'Sea Breeze', style: 'bright pop' },
        plan: { stopAfter: 'lyric' },
      });
      expect(refusal(await put(taskId, 'lyric', words))).toBe('409 ORDER_RUNNING');
    });

    it("sing the client's own words again after a cancel, whoever goes on", async () => {
      const taskId = await finished();
      const own = { lyric: { ...words, title: 'Sea Breeze', style: 'bright pop' } };
      await put(taskId, 'lyric', { ...words, stopAfter: 'video' });
      await post(taskId, 'cancel');
      await post(taskId, 'retry');
      expect(await command(GenerateLyric, taskId, 3)).toMatchObject(own);
      await tell(message(LyricFailed, { taskId, revision: 3, ...failure }));
      await becomes(taskId, { status: 'failed' });
      // The older lyric and its film are still there; what was asked for last counts.
      await post(taskId, 'run');
      expect(await command(GenerateLyric, taskId, 4)).toMatchObject(own);
    });

    it("sing the client's own words when the first order of them ended too early", async () => {
      const { taskId } = (await rest.post<View>('/v1/projects', brief)).body;
      await put(taskId, 'lyric', { ...words, stopAfter: 'video', withoutPhotos: true });
      await post(taskId, 'cancel');
      await post(taskId, 'run');
      expect(await command(GenerateLyric, taskId, 2)).toMatchObject({ lyric: words });
    });

    it.each<[string, object]>([
      ['no sections', { sections: [] }],
      ['an unknown label', { sections: [{ label: 'rap', lines: ['a'] }] }],
      ['a blank line', { sections: [{ label: 'verse', lines: [' '] }] }],
      ['two lines in one', { sections: [{ label: 'verse', lines: ['a\nb'] }] }],
      ['more than a song holds', { sections: Array(6).fill({ label: 'verse', lines: Array(40).fill('la') }) }],
      ['a stage that is none', { ...words, stopAfter: 'film' }],
    ])('take no words with %s', async (_, body) => {
      const taskId = await order();
      expect(refusal(await put(taskId, 'lyric', body))).toBe('400 INVALID_INPUT');
    });
  });

  describe('bound to what was looked at', () => {
    it('are taken once; a second or a stale one is refused and orders nothing', async () => {
      const taskId = await order({ stopAfter: 'lyric' });
      await tell(eventsOf(taskId, 1, aPlan({ stopAfter: 'lyric' }))[0].event);
      await becomes(taskId, { status: 'waiting', revision: 1 });
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => post(taskId, 'run', { revision: 1 })));
      const refused = answers.filter(({ status }) => status !== 202);
      expect(refused.map(refusal)).toEqual(Array(4).fill('409 REVISION_STALE'));
      expect(await command(GenerateSong, taskId, 2)).toMatchObject({ lyric: { title: 'Sea Breeze' } });
      for (const what of ['retry', 'lyric', 'song', 'video'])
        expect(refusal(await post(taskId, what, { revision: 1 }))).toBe('409 REVISION_STALE');
      expect((await project(taskId)).revision).toBe(2);
      expect(refusal(await post(taskId, 'run', { revision: -1 }))).toBe('400 INVALID_INPUT');
    });

    it('are refused too when another result was chosen meanwhile', async () => {
      const taskId = await order({ stopAfter: 'lyric' });
      const plan = aPlan({ stopAfter: 'lyric' });
      await tell(eventsOf(taskId, 1, plan)[0].event);
      await becomes(taskId, { status: 'waiting' });
      await post(taskId, 'lyric', { again: true });
      await tell(eventsOf(taskId, 2, plan)[0].event);
      await becomes(taskId, { status: 'waiting', stages: [{ result: 2 }, {}, {}] });
      expect(await put(taskId, 'lyric/choice', { revision: 1 })).toMatchObject({
        status: 200,
        body: { revision: 3, status: 'waiting', stages: [{ result: 1 }, {}, {}] },
      });
      expect(refusal(await post(taskId, 'run', { revision: 2 }))).toBe('409 REVISION_STALE');
      expect((await post(taskId, 'run', { revision: 3 })).body).toMatchObject({ revision: 4 });
    });
  });

  describe('follow what was chosen', () => {
    const tracks = [aTrack({ trackId: 'a' }), aTrack({ trackId: 'b' })];
    const finished = async () => {
      const taskId = await order();
      const [lyric, song, , render, files] = eventsOf(taskId, 1).map(({ event }) => event) as [
        ...[Message, SongReady, Message, Message, Message],
      ];
      const copies = stored(taskId, 1, 'song', 'tracks');
      const file = copies.files[0] as (typeof copies.files)[number];
      copies.files = ['a', 'b'].map(name => ({ ...file, name }));
      await tell(lyric, Object.assign(song, { tracks, chosenTrackId: 'a' }), copies, render, files);
      await becomes(taskId, { status: 'completed' });
      return taskId;
    };

    it('the other track, to the words as that one sings them', async () => {
      const taskId = await finished();
      const chosen = await put(taskId, 'song/choice', { revision: 1, trackId: 'b' });
      expect(chosen.body).toMatchObject({
        revision: 2,
        stages: [{}, { output: { chosenTrackId: 'b' } }, { stale: true }],
      });
      expect((await put(taskId, 'song/choice', { revision: 1, trackId: 'b' })).body.revision).toBe(2);
      await post(taskId, 'run');
      expect(await command(RenderVideo, taskId, 3)).toMatchObject({ songRevision: 1, track: tracks[1] });
    });

    it('but only of what is there', async () => {
      const taskId = await finished();
      expect(refusal(await put(taskId, 'song/choice', { revision: 1, trackId: 'c' }))).toBe('404 TRACK_NOT_FOUND');
      expect(refusal(await put(taskId, 'song/choice', { revision: 2 }))).toBe('404 REVISION_NOT_FOUND');
      expect(refusal(await put(taskId, 'video/choice', { revision: 0 }))).toBe('400 INVALID_INPUT');
      expect(refusal(await put(taskId, 'video/choice', { revision: 1, trackId: 'a' }))).toBe('400 INVALID_INPUT');
      await post(taskId, 'lyric', { again: true });
      expect(refusal(await put(taskId, 'video/choice', { revision: 1 }))).toBe('409 ORDER_RUNNING');
      expect((await project(taskId)).revision).toBe(2);
    });
  });

  it('given to one project by two clients at once, again and again, end once each', async () => {
    const taskId = await order();
    const hectic = ['cancel', 'retry', 'lyric', 'retry', 'cancel'];
    await Promise.all(
      [1, 2].map(async () => {
        for (const what of hectic) await post(taskId, what);
      }),
    );
    const { revision } = await project(taskId);
    await post(taskId, 'cancel');
    await becomes(taskId, { status: 'cancelled' });
    await eventually(async () => {
      const orders = await bed.query<{ revision: number }>(
        'gateway',
        'select revision from task_order where task_id = ? order by revision',
        [taskId],
      );
      expect(orders.map(row => row.revision)).toEqual(Array.from({ length: revision }, (_, i) => i + 1));
      const all = await ends(taskId);
      expect(all.toSorted()).toEqual([...new Set(all)].toSorted());
      expect(all).toHaveLength(revision);
    });
  });

  describe('held up', () => {
    const delay = {
      code: 'SUNO_CREDITS_EXHAUSTED',
      reason: 'Waiting for the provider: the Suno credits are used up.',
      detail: '429: The current credits are insufficient.',
    };

    it('say at once what they wait for, until the provider takes the work', async () => {
      const taskId = await order();
      await tell(eventsOf(taskId, 1)[0].event);
      await becomes(taskId, { stages: [{ status: 'completed' }, { status: 'running' }, {}] });
      await tell(message(StageDelayed, { taskId, revision: 1, stage: 'song', ...delay }));
      await becomes(taskId, { status: 'processing', stages: [{}, { status: 'running', waiting: delay }, {}] });
      await tellAll(bed.topics, [
        { event: message(SongSubmitted, { taskId, revision: 1, attempt: 1, jobId: 'j' }), second: 10 },
      ]);
      await becomes(taskId, { stages: [{}, { status: 'running', paid: true }, {}] });
      expect((await project(taskId)).stages[1]).not.toHaveProperty('waiting');
    });

    it('for their provider have the whole order’s time for it, not their stage’s alone', async () => {
      const taskId = await order();
      const left = async () => {
        const sql = `select timestampdiff(second, created_at, deadline) seconds from task_order where task_id = ?`;
        return (await bed.query<{ seconds: number }>('gateway', sql, [taskId]))[0]?.seconds;
      };
      expect(await left()).toBe(600);
      await tell(message(StageDelayed, { taskId, revision: 1, stage: 'lyric', ...delay }));
      await becomes(taskId, { stages: [{ waiting: delay }, {}, {}] });
      expect(await left()).toBe(45 * 60 + 10);
    });

    it('by a message that was dead-lettered say so at once', async () => {
      const taskId = await order();
      const rejected = { service: 'lyric-service', messageType: 'GenerateLyric.v1', reason: 'The brief is not valid.' };
      await tell(message(MessageRejected, { taskId, revision: 1, ...rejected }));
      await becomes(taskId, {
        status: 'processing',
        stages: [{ status: 'running', waiting: { code: 'MESSAGE_REJECTED' } }, {}, {}],
      });
    });

    it('until their time is over end with what they waited for', async () => {
      const taskId = await order();
      await tell(message(StageDelayed, { taskId, revision: 1, stage: 'lyric', ...delay }));
      await becomes(taskId, { stages: [{ waiting: delay }, {}, {}] });
      await bed.query('gateway', 'update task_order set deadline = now(3), due_at = now(3) where task_id = ?', [
        taskId,
      ]);
      const reason = `The lyric took too long. ${delay.reason}`;
      await becomes(taskId, { status: 'failed', error: { code: 'STAGE_TIMEOUT', reason, detail: delay.detail } });
    });
  });

  it('whose stage takes longer than it may end there, and whoever works on them is told', async () => {
    const impatient = await bootWith(env({ LYRIC_LIMIT_MS: '1000', SONG_LIMIT_MS: '1500' }), GatewayModule, {
      http: setUpHttp,
    });
    try {
      const { taskId } = (
        await new Rest(await impatient.getUrl()).post<View>('/v1/projects', {
          ...brief,
          run: true,
          withoutPhotos: true,
        })
      ).body;
      await becomes(taskId, { status: 'failed', error: { code: 'STAGE_TIMEOUT' } });
      expect(await command(TaskFailed, taskId, 1)).toMatchObject({ stage: 'lyric', code: 'STAGE_TIMEOUT' });
      expect(await command(CancelTask, taskId, 1)).toEqual({ taskId, revision: 1 });
    } finally {
      await impatient.close();
    }
  });
});
