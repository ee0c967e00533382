import {
  AssetFailed,
  AssetStored,
  CancelTask,
  deadLetterTopic,
  message,
  MessageRejected,
  type Plan,
  RenderCalledBack,
  RenderFailed,
  RenderSucceeded,
  RenderVideo,
  SongReady,
  StageDelayed,
  TaskDeleted,
} from '@castad/contracts';
import { headersOf } from '@castad/messaging';
import { Database, newId } from '@castad/platform';
import {
  aPlan,
  aSongReady,
  aTrack,
  bootWith,
  CallbackDoor,
  eventually,
  holdBack,
  startChild,
  testBed,
  type TestBed,
} from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { join } from 'node:path';
import { migrations } from '../src/migrations/index.ts';
import { wakeWaiting } from '../src/video/video.waker.ts';
import { VideoServiceModule } from '../src/video-service.module.ts';
import { LinksStub } from './links-stub.ts';

jest.setTimeout(120_000);

const SERVICE = 'video-service';
const MAIN = join(import.meta.dirname, '../src/main.ts');
const RENDER = 'POST /v2/renders';
const PORTRAIT = '7c1f0a52-9a16-4c1e-8a51-09160916c0de';
const SQUARE = '7c1f0a52-11aa-4c1e-8a51-11001100c0de';
/** Configured for no format. */
const PAPER = '7c1f0a52-9a16-4c1e-8a52-09160916c0de';
const json = { 'content-type': 'application/json' };

interface VideoRow {
  status: string;
  attempt: number;
  token: string;
  job_id: string | null;
}

interface Element {
  name: string;
  source?: string;
  text?: string;
}

interface Request {
  job?: string;
  status: number | null;
  problems: string[];
  body: {
    metadata: string;
    fill_color?: string;
    render_scale?: number;
    elements: (Element & { elements?: Element[] })[];
  };
}

describe('video-service', () => {
  const storage = new LinksStub();
  let bed: TestBed;
  let door: CallbackDoor;
  let app: NestFastifyApplication;
  let env: Record<string, string>;

  beforeAll(async () => {
    await storage.listen();
    const sim = { SIM_TIME_SCALE: '0.005', SIM_RATE_LIMIT: 'off', SIM_MEDIA_CHECK: 'off' };
    bed = await testBed({ parts: ['kafka', 'mariadb', 'creatomate'], env: { ...process.env, ...sim } });
    await bed.migrate(SERVICE, migrations);
    door = new CallbackDoor(bed.topics);
    await door.listen();
    env = bed.env(SERVICE, {
      PUBLIC_URL: `${door.url}/`,
      STORAGE_URL: `${storage.url}/`,
      CREATOMATE_BASE_URL: `${bed.sandbox.env.CREATOMATE_BASE_URL}/`,
      INTERNAL_SECRET: 'the-secret-of-the-services',
      CREATOMATE_CALLS_PER_10S: '10000',
      CREATOMATE_POLL_MS: '300',
      CREATOMATE_GRACE_MS: '1500',
      HTTP_TIMEOUT_MS: '1000',
      WORKER_LEASE_MS: '2000',
      WORKER_POLL_MS: '100',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
    });
    app = await bootWith(env, VideoServiceModule);
  });
  afterAll(async () => {
    await app?.close();
    await door?.close();
    await bed?.close();
    await storage.close();
  });
  beforeEach(() => sim('reset', {}));

  const sim = async (path: string, body?: object) => {
    const init = body && { method: 'POST', headers: json, body: JSON.stringify(body) };
    const response = await fetch(`${bed.sandbox.env.CREATOMATE_BASE_URL}/__sim/${path}`, init);
    expect(response.ok).toBe(true);
    return (await response.json()) as { count: number; requests: Request[] };
  };
  const fault = (kind: string, more: object = {}) => sim('faults', { endpoint: RENDER, kind, ...more });
  const submits = async () => (await sim('requests?path=/v2/renders')).requests;
  const send = async (changes: Partial<SongReady> = {}, times = 1): Promise<string> => {
    const event = aSongReady(changes);
    await bed.topics.send([event], { times });
    return event.taskId;
  };
  const row = async (taskId: string): Promise<VideoRow> => {
    const [found] = await bed.query<VideoRow>(SERVICE, 'select * from video where task_id = ?', [taskId]);
    expect(found).toBeDefined();
    return found as VideoRow;
  };
  /** What it said of the film, apart from that it ordered it. */
  const said = async (taskId: string) =>
    (await bed.topics.read(RenderSucceeded.topic)).filter(
      ({ key, type }) => key === taskId && !type.includes('Submit'),
    );
  /** The one event this film ends with. */
  const end = (taskId: string) =>
    eventually(async () => {
      const events = await said(taskId);
      expect(events).toHaveLength(1);
      const [{ type, data }] = events as [(typeof events)[number]];
      return { type, data: data as unknown as RenderSucceeded & RenderFailed };
    });
  const restart = async () => {
    await app.close();
    app = await bootWith(env, VideoServiceModule);
  };
  /** Until it is handled. */
  const callBack = async (taskId: string, token: string, jobId: string) => {
    await bed.topics.send([message(RenderCalledBack, { taskId, revision: 0, token, jobId })]);
    await eventually(async () => expect(await bed.topics.lag(SERVICE, RenderCalledBack.topic)).toBe(0));
  };
  const calledBack = async (taskId: string) =>
    (await bed.topics.read(RenderCalledBack.topic)).filter(({ key }) => key === taskId);

  it('cuts a film of the photos, the song and its lines', async () => {
    const imageIds = [newId(), newId()];
    const taskId = await send({ plan: aPlan({ imageIds }) });
    const { type, data } = await end(taskId);
    expect(type).toBe(RenderSucceeded.type);
    expect(data).toMatchObject({
      taskId,
      revision: 1,
      format: '9:16',
      durationSeconds: 10,
      posterUrl: expect.any(String),
    });
    const [render, ...others] = await submits();
    expect([render?.problems, others]).toEqual([[], []]);
    const elements = render?.body.elements.flatMap(element => [element, ...(element.elements ?? [])]) ?? [];
    expect([...new Set(elements.flatMap(({ source }) => source ?? []))]).toEqual([
      ...imageIds.map(id => `${storage.url}/image/${id}`),
      `${storage.url}/song/tracks`,
    ]);
    const texts = elements.filter(({ name }) => /^(Caption|Name|Region)/.test(name)).map(({ text }) => text);
    expect(new Set(texts)).toEqual(new Set(['Sea Breeze Stay', 'Gangneung', 'Waves are calling you']));
    expect(await row(taskId)).toMatchObject({ status: 'done', attempt: 1 });
  });

  it('obeys an order of its own, with the song of the revision it names', async () => {
    const order = message(RenderVideo, {
      taskId: newId(),
      revision: 3,
      plan: aPlan({ video: { format: '16:9' } }),
      title: 'Sea Breeze',
      songRevision: 2,
      track: aTrack(),
    });
    await bed.topics.send([order], { times: 3 });
    expect((await end(order.taskId)).data).toMatchObject({ revision: 3, format: '16:9' });
    expect(storage.asked.at(-1)).toMatchObject({ taskId: order.taskId, assets: [{ revision: 2, kind: 'song' }] });
    expect(await submits()).toHaveLength(1);
  });

  describe('asked for a preview', () => {
    const aCommand = (changes: Partial<RenderVideo> = {}) =>
      message(RenderVideo, {
        ...{ taskId: newId(), revision: 2, plan: aPlan(), title: 'Sea Breeze' },
        ...{ songRevision: 1, track: aTrack(), preview: true, ...changes },
      });

    it('renders a small one, once however often it is told, and says what it is', async () => {
      const command = aCommand();
      await bed.topics.send([command], { times: 3 });
      const { type, data } = await end(command.taskId);
      expect([type, data.revision, data.preview]).toEqual([RenderSucceeded.type, 2, true]);
      const all = (await bed.topics.read(RenderSucceeded.topic)).filter(({ key }) => key === command.taskId);
      expect(all.map(({ data: event }) => event.preview)).toEqual([true, true, true]);
      const [render, ...others] = await submits();
      expect([render?.problems, others]).toEqual([[], []]);
      expect(render?.body).toMatchObject({ render_scale: 0.25 });
    });

    it('renders the film at its full size afterwards, as work of its own', async () => {
      const preview = aCommand();
      await bed.topics.send([preview]);
      await end(preview.taskId);
      const { taskId } = preview;
      await bed.topics.send([aCommand({ taskId, preview: undefined, revision: 3, retryOf: 2 })]);
      await eventually(async () => expect(await said(preview.taskId)).toHaveLength(2));
      const [small, large] = await submits();
      expect([small?.body.render_scale, large?.body.render_scale]).toEqual([0.25, undefined]);
    });

    it('follows the paid job of the preview that is retried', async () => {
      await fault('callbacks-late', { ms: 500 });
      const preview = aCommand();
      await bed.topics.send([preview]);
      await eventually(async () => expect(await row(preview.taskId)).toMatchObject({ job_id: expect.any(String) }));
      await bed.topics.send([message(CancelTask, { taskId: preview.taskId, revision: 2 })]);
      await bed.topics.send([message(RenderVideo, { ...preview, revision: 3, retryOf: 2 })]);
      await eventually(async () =>
        expect((await said(preview.taskId)).map(({ data }) => [data.revision, data.preview])).toContainEqual([3, true]),
      );
      expect(await submits()).toHaveLength(1);
    });

    it('fails with a reason, and does not know an outcome, as a film does', async () => {
      await fault('job-failed', { times: 1 });
      const failing = aCommand();
      await bed.topics.send([failing]);
      expect((await end(failing.taskId)).data).toMatchObject({ code: 'CREATOMATE_RENDER_FAILED', preview: true });
      await fault('drop-response');
      await fault('callbacks-lost');
      const lost = aCommand();
      await bed.topics.send([lost]);
      expect((await end(lost.taskId)).data).toMatchObject({ code: 'OUTCOME_UNKNOWN', preview: true });
      expect(await submits()).toHaveLength(2);
    });

    it('says what it is while it waits for the account', async () => {
      await fault('status', { status: 402, times: 1 });
      const command = aCommand();
      await bed.topics.send([command]);
      await eventually(async () => {
        const told = (await bed.topics.read(StageDelayed.topic)).filter(({ key }) => key === command.taskId);
        expect(told).toMatchObject([{ data: { stage: 'video', preview: true } }]);
      });
      // The minute is over.
      await bed.query(SERVICE, 'update bucket set paused_until = now(3)');
      await bed.query(SERVICE, "update video set due_at = now(3) where status = 'ordered'");
      expect((await end(command.taskId)).type).toBe(RenderSucceeded.type);
    });
  });

  it('cuts once however often the song is delivered', async () => {
    const taskId = await send({}, 3);
    await end(taskId);
    await send({ taskId });
    await end(await send());
    expect(await said(taskId)).toHaveLength(1);
    expect(await submits()).toHaveLength(2);
  });

  describe('of a deleted project', () => {
    const rows = (...taskIds: string[]) => bed.query(SERVICE, 'select 1 from video where task_id in (?)', [taskIds]);
    const deleted = async (...taskIds: string[]) => {
      await bed.topics.send(
        taskIds.map(taskId => message(TaskDeleted, { taskId, revision: 1 })),
        { times: 2 },
      );
      await eventually(async () => expect(await rows(...taskIds)).toEqual([]));
    };

    it('keeps nothing, and pays for nothing that is ordered, called back or announced late', async () => {
      const formats = { format: '1:1' as const, formats: ['1:1' as const, '9:16' as const] };
      const [cut, unheard] = [await send({ plan: aPlan({ video: formats }) }), newId()];
      await eventually(async () => expect(await said(cut)).toHaveLength(2));
      const { token, job_id } = await row(cut);
      await deleted(cut, unheard);
      for (const taskId of [cut, unheard]) {
        const film = { plan: aPlan(), title: 'Sea Breeze', songRevision: 1, track: aTrack() };
        await bed.topics.send([message(RenderVideo, { taskId, revision: 2, ...film })]);
        await send({ taskId, revision: 3 });
        await callBack(taskId, token, job_id as string);
      }
      await end(await send());
      expect(await rows(cut, unheard)).toEqual([]);
      expect(await submits()).toHaveLength(3);
      expect((await bed.topics.read(deadLetterTopic(SERVICE))).filter(({ key }) => key === cut)).toEqual([]);
    });

    it('follows the render no longer that Creatomate works on', async () => {
      await fault('callbacks-lost');
      await sim('faults', { endpoint: 'GET /v2/renders/*', kind: 'garbage', times: 1_000 });
      const taskId = await send();
      await eventually(async () => expect(await row(taskId)).toMatchObject({ status: 'running' }));
      await deleted(taskId);
      await sim('reset', {});
      await end(await send());
      expect([await rows(taskId), await said(taskId)]).toEqual([[], []]);
    });
  });

  it('cuts a film for each format, paid once each, and says which one failed', async () => {
    await fault('job-failed', { after: 1, times: 1 });
    const plan = aPlan({ video: { format: '1:1', formats: ['1:1', '9:16', '16:9'] } });
    const taskId = await send({ plan }, 3);
    const events = await eventually(async () => {
      const all = await said(taskId);
      expect(all).toHaveLength(3);
      return all;
    });
    expect(events.map(({ data }) => data.format).sort()).toEqual(['16:9', '1:1', '9:16']);
    expect(events.filter(({ type }) => type === RenderFailed.type)).toHaveLength(1);
    const made = events.filter(({ type }) => type === RenderSucceeded.type).map(({ data }) => data);
    expect(made.map(({ plan }) => (plan as Plan).video)).toEqual(made.map(({ format }) => ({ format })));
    expect(await submits()).toHaveLength(3);
  });

  it('does not cut where the order ends with the song, or its time is over', async () => {
    const only = await send({ plan: aPlan({ stopAfter: 'song' }) });
    const late = await send({ plan: aPlan({ deadline: new Date(Date.now() - 1_000).toISOString() }) });
    await eventually(async () => expect(await row(late)).toMatchObject({ status: 'expired', attempt: 0 }));
    await end(await send());
    expect(await bed.query(SERVICE, 'select 1 from video where task_id = ?', [only])).toEqual([]);
    expect([await said(only), await said(late)]).toEqual([[], []]);
    expect(await submits()).toHaveLength(1);
  });

  it('dead-letters a poison message, says so, and goes on', async () => {
    const poison = [aSongReady(), aSongReady({ chosenTrackId: 'none of them' })] as const;
    const value = JSON.stringify({ ...poison[0], tracks: [] });
    await bed.topics.sendRaw(SongReady.topic, [
      { key: poison[0].taskId, value, headers: headersOf(poison[0], 'test') },
    ]);
    await bed.topics.send([poison[1]]);
    await end(await send());
    const taskIds = poison.map(({ taskId }) => taskId);
    await eventually(async () => {
      const dead = (await bed.topics.read(deadLetterTopic(SERVICE))).filter(({ key }) => taskIds.includes(key));
      expect(dead.map(({ key, headers }) => [key, String(headers.dl_reason)]).sort()).toEqual(
        [
          [taskIds[0], 'INVALID'],
          [taskIds[1], 'TRACK_MISSING'],
        ].sort(),
      );
      const rejected = (await bed.topics.read(MessageRejected.topic)).filter(({ key }) => taskIds.includes(key));
      expect(rejected.map(({ data }) => data.service)).toEqual([SERVICE, SERVICE]);
    });
    expect(await submits()).toHaveLength(1);
  });

  describe('waits for the song to be stored', () => {
    const files = [{ name: 'track-1', path: 'p', contentType: 'audio/mpeg', size: 1, sha256: 'a'.repeat(64) }];
    const waiting = async () => {
      const taskId = newId();
      storage.missing.add(`${taskId} song`);
      await send({ taskId });
      await eventually(() => expect(storage.asked.some(ask => ask.taskId === taskId)).toBe(true));
      return taskId;
    };

    it('and goes on when it is', async () => {
      const taskId = await waiting();
      storage.missing.clear();
      await bed.topics.send([message(AssetStored, { taskId, revision: 1, kind: 'song', ref: 'tracks', files })]);
      expect((await end(taskId)).type).toBe(RenderSucceeded.type);
      expect(await row(taskId)).toMatchObject({ attempt: 1 });
    });

    it('and is due by the clock that claims go by', async () => {
      const taskId = await waiting();
      storage.missing.clear();
      await app.get(Database).transaction('requests', async unit => {
        await unit.em.execute('select sleep(0.05)');
        await wakeWaiting(unit, [taskId]);
        const sql = 'select due_at = ? as same from video where task_id = ?';
        expect(await unit.em.execute(sql, [unit.now, taskId])).toEqual([{ same: 1 }]);
      });
      await end(taskId);
    });

    it('and fails when it never will be', async () => {
      const taskId = await waiting();
      storage.missing.clear();
      storage.failed.add(`${taskId} song`);
      const failure = { code: 'SOURCE_GONE', reason: 'It is gone.', retryable: false };
      await bed.topics.send([message(AssetFailed, { taskId, revision: 1, kind: 'song', ref: 'tracks', ...failure })]);
      expect((await end(taskId)).data).toMatchObject({ code: 'SONG_NOT_STORED', retryable: false });
      expect(await submits()).toEqual([]);
    });
  });

  describe('when Creatomate answers late, wrongly or not at all', () => {
    it('takes a callback that comes before the answer', async () => {
      await fault('callbacks-early');
      expect((await end(await send())).type).toBe(RenderSucceeded.type);
      expect(await submits()).toHaveLength(1);
    });

    it('finishes by the callback when the answer is lost, and has paid once', async () => {
      await fault('drop-response');
      const taskId = await send();
      expect((await end(taskId)).type).toBe(RenderSucceeded.type);
      expect(await row(taskId)).toMatchObject({ status: 'done', attempt: 1 });
      expect(await submits()).toHaveLength(1);
    });

    it('does not know the outcome when answer and callbacks are lost, and does not pay again', async () => {
      await fault('drop-response');
      await fault('callbacks-lost');
      expect((await end(await send())).data).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true });
      expect(await submits()).toHaveLength(1);
    });

    it('does not order again what Creatomate never answered, or answered with a 500', async () => {
      await fault('hang', { times: 1 });
      expect((await end(await send())).data).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      await fault('status', { status: 500, times: 1 });
      expect((await end(await send())).data).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      expect(await submits()).toHaveLength(2);
    });

    it('asks again when a look at the render takes too long or brings rubbish', async () => {
      await fault('callbacks-lost');
      for (const kind of ['hang', 'garbage']) await sim('faults', { endpoint: 'GET /v2/renders/*', kind, times: 1 });
      expect((await end(await send())).type).toBe(RenderSucceeded.type);
      expect(await submits()).toHaveLength(1);
    });
  });

  describe('when Creatomate refuses', () => {
    it('fails with the reason where nothing would change it', async () => {
      await fault('status', { status: 400 });
      expect((await end(await send())).data).toMatchObject({ code: 'CREATOMATE_REFUSED', retryable: false });
      expect(await submits()).toHaveLength(1);
    });

    it('lets nobody call for a window where it is asked to wait and not told for how long', async () => {
      await fault('status', { status: 429, times: 1, headers: { 'retry-after': '' } });
      const taskId = await send();
      await eventually(async () => {
        const empty = 'select 1 from bucket where tokens < -1000';
        expect(await bed.query(SERVICE, empty)).toHaveLength(1);
      });
      await bed.query(SERVICE, 'update bucket set tokens = 10');
      await bed.query(SERVICE, 'update video set due_at = now(3) where task_id = ?', [taskId]);
      expect((await end(taskId)).type).toBe(RenderSucceeded.type);
    });

    it('orders later where it is asked to wait', async () => {
      await fault('status', { status: 429, times: 1, headers: { 'retry-after': '1' } });
      const taskId = await send();
      expect((await end(taskId)).type).toBe(RenderSucceeded.type);
      expect((await submits()).map(({ job }) => job !== undefined)).toEqual([false, true]);
      expect(await row(taskId)).toMatchObject({ attempt: 2 });
    });

    it.each([
      [
        'job-failed',
        { error_message: 'Unable to fetch asset: https://x/1.jpg?sig=secret (HTTP 403)' },
        'CREATOMATE_ASSET_UNREACHABLE',
        'failed Unable to fetch asset: https://x/1.jpg (HTTP 403)',
      ],
      ['job-failed', {}, 'CREATOMATE_RENDER_FAILED', 'failed An internal error occurred while rendering.'],
      ['job-cancelled', {}, 'CREATOMATE_CANCELLED', 'cancelled The render was cancelled.'],
      ['job-odd', { url: null }, 'CREATOMATE_NO_FILE', 'succeeded'],
      ['job-odd', { url: `https://x/${'x'.repeat(2_000)}` }, 'CREATOMATE_NO_FILE', 'succeeded'],
      ['job-odd', { status: 'encoding_failed' }, 'CREATOMATE_RENDER_FAILED', 'encoding_failed'],
    ])("fails with the reason and Creatomate's words at %s %j", async (kind, body, code, detail) => {
      await fault(kind, { body });
      expect((await end(await send())).data).toMatchObject({ code, retryable: true, detail });
    });

    it.each([
      { snapshot_url: 'none', duration: 'long' },
      { snapshot_url: `https://x/${'x'.repeat(2_000)}.jpg`, duration: -1 },
      { snapshot_url: null, duration: 10_000_000 },
    ])('is content with a film whose poster and length are none: %j', async body => {
      await fault('job-odd', { body });
      const { type, data } = await end(await send());
      expect([type, data.durationSeconds, data.posterUrl]).toEqual([RenderSucceeded.type, 10, undefined]);
    });
  });

  describe('believes no callback', () => {
    it('that says a render is done which is not', async () => {
      await fault('job-stuck');
      const taskId = await send();
      const { token, job_id } = await eventually(async () => {
        const found = await row(taskId);
        expect(found.status).toBe('running');
        return found;
      });
      for (const id of [job_id as string, 'another-render']) await callBack(taskId, token, id);
      await callBack(taskId, 'A'.repeat(43), 'another-render');
      await sim('reset', {});
      await end(await send());
      expect(await row(taskId)).toMatchObject({ status: 'running', job_id });
    });
  });

  describe('killed', () => {
    /** Alone in a process of its own, while `use` runs; the service is back afterwards. */
    const inChild = async (use: (kill: () => Promise<unknown>) => Promise<void>) => {
      await app.close();
      env = { ...env, CREATOMATE_GRACE_MS: '30000' };
      const child = await startChild(bed, MAIN, env);
      try {
        await use(() => child.kill('SIGKILL'));
      } finally {
        await child.kill('SIGKILL').catch(() => undefined);
        app = await bootWith(env, VideoServiceModule);
      }
    };

    it('before it could commit a message, cuts once when the message comes again', async () => {
      const event = aSongReady();
      const headers = headersOf(event, 'test');
      await inChild(async kill => {
        const held = await holdBack(bed, SERVICE, headers.ce_id as string);
        await bed.topics.sendRaw(SongReady.topic, [{ key: event.taskId, value: JSON.stringify(event), headers }]);
        await held.reached();
        await kill();
        await held.letGo();
      });
      await end(event.taskId);
      expect(await submits()).toHaveLength(1);
    });

    it('between the order and the render id, finishes by the callback that came meanwhile and has paid once', async () => {
      await fault('delay-response', { ms: 60_000 });
      await fault('callbacks-late', { ms: 5_000 });
      let taskId = '';
      await inChild(async kill => {
        taskId = await send();
        await eventually(async () => expect(await submits()).toMatchObject([{ job: expect.any(String) }]));
        await kill();
        expect(await row(taskId)).toMatchObject({ status: 'submitting', job_id: null });
        await eventually(async () => expect(await calledBack(taskId)).not.toEqual([]));
      });
      expect((await end(taskId)).type).toBe(RenderSucceeded.type);
      expect(await submits()).toHaveLength(1);
    });
  });

  describe('asks for a template', () => {
    beforeAll(() => {
      env = { ...env, HTTP_TIMEOUT_MS: '20000' };
    });

    const asks = async () => (await sim(`requests?path=/v2/templates/${SQUARE}&count=true`)).count;
    const film = async () => (await end(await send({ plan: aPlan({ video: { format: '1:1' } }) }))).type;
    const age = (seconds: number) =>
      bed.query(SERVICE, 'update template set fetched_at = now(3) - interval ? second', [seconds]);
    it('once for all films of two instances, though the first answer is slow', async () => {
      // It looks at its templates when it starts, and may be at it.
      await app.close();
      await bed.query(SERVICE, 'delete from template where id = ?', [SQUARE]);
      await sim('reset', {});
      await sim('faults', { endpoint: 'GET /v2/templates/*', match: SQUARE, kind: 'delay', ms: 500, times: 1 });
      app = await bootWith(env, VideoServiceModule);
      const other = await bootWith({ ...env, PORT: '0' }, VideoServiceModule);
      try {
        const events = Array.from({ length: 30 }, () => aSongReady({ plan: aPlan({ video: { format: '1:1' } }) }));
        await bed.topics.send(events);
        await Promise.all(events.map(({ taskId }) => end(taskId)));
        expect(await submits()).toHaveLength(30);
        expect(await asks()).toBe(1);
      } finally {
        await other.close();
      }
    });

    it('not again after a restart within five minutes, and once after them', async () => {
      await age(290);
      await restart();
      expect(await film()).toBe(RenderSucceeded.type);
      expect(await asks()).toBe(0);
      await age(301);
      await restart();
      expect([await film(), await film()]).toEqual([RenderSucceeded.type, RenderSucceeded.type]);
      expect(await asks()).toBe(1);
    });

    it('in place of one who died while asking', async () => {
      await bed.query(
        SERVICE,
        'update template set fetched_at = null, source = null, fetching_until = now(3) + interval 1 second',
      );
      await restart();
      expect(await film()).toBe(RenderSucceeded.type);
      expect(await asks()).toBe(1);
    });

    it('again when it was not given, before anything is ordered', async () => {
      await bed.query(SERVICE, 'delete from template where id = ?', [SQUARE]);
      const endpoint = 'GET /v2/templates/*';
      await sim('faults', { endpoint, match: SQUARE, kind: 'status', status: 503, times: 2 });
      await restart();
      expect(await film()).toBe(RenderSucceeded.type);
      expect([await asks(), (await submits()).length]).toEqual([3, 1]);
    });

    it('and fails the film where there is none', async () => {
      const plan = aPlan({ video: { format: '9:16', template: newId() } });
      expect((await end(await send({ plan }))).data).toMatchObject({ code: 'CREATOMATE_NOT_FOUND', retryable: false });
      expect(await submits()).toEqual([]);
    });
  });

  describe('checks a template', () => {
    const TEMPLATES = 'GET /v2/templates/*';
    const check = async (body: object, secret = 'the-secret-of-the-services') => {
      const headers = { ...json, authorization: `Bearer ${secret}` };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const response = await fetch(`${await app.getUrl()}/internal/template-checks`, init);
      return { status: response.status, body: (await response.json()) as { code?: string } };
    };
    const count = async (path: string) => (await sim(`requests?path=/v2/${path}&count=true`)).count;
    const colour = (id: string) => `#${id.slice(-6)}`;
    const dryRuns = async (id: string) =>
      (await sim('requests?path=/v2/renders/dry-run')).requests.filter(({ body }) => body.fill_color === colour(id));
    const calls = async (id: string) => [await count(`templates/${id}`), (await dryRuns(id)).length];
    /** An id under which Creatomate has this. */
    const template = async (...elements: object[]): Promise<string> => {
      const id = newId();
      const body = { id, source: { width: 720, height: 1280, fill_color: colour(id), elements } };
      await sim('faults', { endpoint: TEMPLATES, match: id, kind: 'status', status: 200, body });
      return id;
    };
    const photo = { name: 'Photo', type: 'image' };
    const caption = { name: 'Caption', type: 'text' };
    const song = { name: 'Song', type: 'audio' };

    it('for other services alone', async () => {
      expect(await check({ format: '9:16' }, 'another-secret-of-ours')).toMatchObject({ status: 401 });
    });

    it('and finds that films can be made with it, once for all who ask', async () => {
      const id = await template(photo, caption, song);
      const found = await Promise.all([1, 2, 3].map(() => check({ format: '9:16', template: id })));
      expect(found).toEqual(Array(3).fill({ status: 200, body: { ok: true } }));
      expect(await check({ format: '1:1', template: id })).toMatchObject({ body: { code: 'TEMPLATE_WRONG_FORMAT' } });
      expect(await calls(id)).toEqual([1, 1]);
      const [dryRun] = await dryRuns(id);
      expect(dryRun?.problems).toEqual([]);
      expect((await sim('jobs')).count).toBe(0);
    });

    it('and knows those of the configuration before anybody asks', async () => {
      await eventually(async () =>
        expect(await check({ format: '9:16' })).toEqual({ status: 200, body: { ok: true } }),
      );
      await sim('reset', {});
      expect(await check({ format: '9:16' })).toEqual({ status: 200, body: { ok: true } });
      expect(await count(`templates/${PORTRAIT}`)).toBe(0);
    });

    it.each<[string, object[], string, RegExp]>([
      ['lacks elements', [photo], 'TEMPLATE_UNUSABLE', /no element named Caption, Song/],
      [
        'has a closing card of no length',
        [photo, caption, song, { name: 'Closing', type: 'composition', duration: '4 bars', elements: [] }],
        'TEMPLATE_UNUSABLE',
        /Closing .* duration that is none: "4 bars"/,
      ],
    ])('and says that it %s', async (_, elements, code, reason) => {
      const id = await template(...elements);
      const found = await check({ format: '9:16', template: id });
      expect(found).toMatchObject({ status: 200, body: { code, reason: expect.stringMatching(reason) } });
      expect(await calls(id)).toEqual([1, 0]);
    });

    it('and says that it is of another format, and renders nothing with it', async () => {
      const id = await template(photo, caption, song);
      const found = await check({ format: '16:9', template: id });
      const reason = 'The video template is 720 by 1280 pixels, which is not the format 16:9.';
      expect(found).toEqual({ status: 200, body: { code: 'TEMPLATE_WRONG_FORMAT', reason } });
      const plan = aPlan({ video: { format: '16:9', template: id } });
      expect((await end(await send({ plan }))).data).toMatchObject({ code: 'TEMPLATE_WRONG_FORMAT', retryable: false });
      expect(await submits()).toEqual([]);
    });

    it("and says what Creatomate's dry run has against it", async () => {
      const id = await template(photo, caption, song, { name: 'Logo', type: 'hologram' });
      const found = await check({ format: '9:16', template: id });
      const detail = expect.stringContaining("'hologram' is not a type of element");
      expect(found).toMatchObject({ status: 200, body: { code: 'TEMPLATE_REFUSED', detail } });
    });

    it('and says that there is none, and asks for it no more', async () => {
      const id = newId();
      for (const format of ['9:16', '16:9'])
        expect(await check({ format, template: id })).toMatchObject({
          status: 200,
          body: { code: 'TEMPLATE_UNKNOWN' },
        });
      expect(await calls(id)).toEqual([1, 0]);
    });

    it.each([
      [TEMPLATES, { kind: 'status', status: 503 }],
      [TEMPLATES, { kind: 'status', status: 402 }],
      [TEMPLATES, { kind: 'garbage' }],
      ['POST /v2/renders/dry-run', { kind: 'status', status: 401 }],
      ['POST /v2/renders/dry-run', { kind: 'reset' }],
    ])('and cannot say while %s ends in %j, and looks again', async (endpoint, trouble) => {
      await bed.query(SERVICE, 'delete from template where id = ?', [PAPER]);
      await restart();
      await sim('faults', { endpoint, times: 1, ...trouble });
      const asked = { format: '9:16', template: PAPER };
      expect(await check(asked)).toMatchObject({ status: 503, body: { code: 'TEMPLATE_UNCHECKED' } });
      expect(await check(asked)).toEqual({ status: 200, body: { ok: true } });
    });

    it('of the configuration, and says so of one that cannot be used', async () => {
      const id = await template(photo);
      const other = await bootWith({ ...env, PORT: '0', CREATOMATE_TEMPLATES: `9:16=${id}` }, VideoServiceModule);
      try {
        await eventually(async () => {
          const response = await fetch(`${await other.getUrl()}/health/ready`);
          expect(response.status).toBe(200);
          const templates = expect.stringContaining('9:16: TEMPLATE_UNUSABLE: ');
          expect(await response.json()).toMatchObject({ status: 'ok', details: { templates } });
        });
        expect(await check({ format: '9:16', template: id })).toMatchObject({ body: { code: 'TEMPLATE_UNUSABLE' } });
      } finally {
        await other.close();
      }
    });
  });

  describe('tells which templates there are', () => {
    const get = async (path: string) => {
      const headers = { authorization: 'Bearer the-secret-of-the-services' };
      const response = await fetch(`${await app.getUrl()}/internal/templates${path}`, { headers });
      return { status: response.status, body: (await response.json()) as { templates: { id: string }[] } };
    };

    it('the configured ones first, asked for once', async () => {
      const [listed] = await Promise.all([get(''), get('')]);
      expect(listed.body.templates[0]).toMatchObject({ id: PORTRAIT, defaultFor: ['9:16'], tags: expect.any(Array) });
      expect(listed.body.templates).toContainEqual(expect.objectContaining({ id: PAPER, defaultFor: [] }));
      await get('');
      expect((await sim('requests?path=/v2/templates&count=true')).count).toBe(1);
    });

    it('and what one shows of a film', async () => {
      expect(await get(`/${SQUARE}`)).toMatchObject({
        status: 200,
        body: {
          id: SQUARE,
          defaultFor: ['1:1'],
          format: '1:1',
          width: 720,
          height: 720,
          slots: {
            photos: { min: 0, max: 50 },
            texts: expect.arrayContaining([{ property: 'businessName', maxLength: 100 }]),
            captions: true,
          },
        },
      });
      expect(await get(`/${newId()}`)).toMatchObject({ status: 404, body: { code: 'TEMPLATE_UNKNOWN' } });
    });

    it('and cannot say while Creatomate fails, and asks again', async () => {
      await restart();
      await sim('faults', { endpoint: 'GET /v2/templates', times: 1, kind: 'status', status: 500 });
      expect(await get('')).toMatchObject({ status: 503, body: { code: 'TEMPLATE_UNCHECKED' } });
      expect(await get('')).toMatchObject({ status: 200 });
    });
  });
});
