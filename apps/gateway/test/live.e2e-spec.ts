import { LyricGenerated, message, TaskFailed, type Message } from '@castad/contracts';
import { newId } from '@castad/platform';
import {
  aLyricGenerated,
  aPlan,
  aSongFailed,
  bootWith,
  eventually,
  freePort,
  holdBack,
  refusal,
  Rest,
  startChild,
  testBed,
  type TestBed,
} from '@castad/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { Listener } from './listener.ts';
import { eventsOf as told, record } from './told.ts';

jest.setTimeout(240_000);

const PATIENCE_MS = 90_000;
const SERVICE = 'gateway';
const MAIN = join(import.meta.dirname, '../src/main.ts');
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung' };

interface Entry {
  id?: number;
  type: string;
  revision: number;
}

interface History {
  entries: Entry[];
  nextCursor?: string;
}

/** What the services say of one film. */
const eventsOf = (taskId: string): Message[] => told(taskId).map(({ event }) => event);

describe('live events', () => {
  let bed: TestBed;
  let env: Record<string, string>;
  let app: NestFastifyApplication;
  let url: string;
  let rest: Rest;
  const listeners = new Set<Listener>();

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate(
      SERVICE,
      migrations.filter(({ name }) => name < '0004'),
    );
    await remember('2026-01-02', 'SongReady.v1');
    await remember('2026-01-01', 'LyricGenerated.v1');
    await bed.migrate(SERVICE, migrations);
    env = bed.env(SERVICE, {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
      WORKER_POLL_MS: '100',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
      PORT: String(await freePort()),
    });
    await open();
  });
  afterEach(async () => {
    for (const listener of listeners) await listener.close();
    listeners.clear();
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const open = async () => {
    app = await bootWith(env, GatewayModule, { http: setUpHttp });
    url = await app.getUrl();
    rest = new Rest(url);
  };
  const second = (changes: Record<string, string> = {}) =>
    bootWith({ ...env, PORT: '0', ...changes }, GatewayModule, { http: setUpHttp });
  const listen = async (address: string, lastEventId?: string) => {
    const listener = await Listener.open(address, lastEventId);
    listeners.add(listener);
    expect(listener.response.status).toBe(200);
    return listener;
  };
  const order = async (more: object = {}) =>
    (await rest.post<{ taskId: string }>('/v1/projects', { ...brief, run: true, withoutPhotos: true, ...more })).body
      .taskId;
  /** A row as a version without feed writes it. */
  const remember = (day: string, type: string, taskId = old) =>
    bed.query(SERVICE, 'insert into task_event (task_id, event_id, type, revision, data, time) values (?)', [
      [taskId, newId(), type, 1, '{}', `${day} 00:00:00`],
    ]);
  const old = newId();
  const placed = async (taskId?: string) => {
    const rows = await bed.query<{ position: number }>(
      SERVICE,
      `select position from task_event where position is not null ${taskId ? 'and task_id = ?' : ''} order by position`,
      [taskId],
    );
    return rows.map(({ position }) => position);
  };
  const hears = (listener: Listener, ids: () => Promise<number[]>, count: number) =>
    eventually(async () => {
      const expected = await ids();
      expect(expected.length).toBeGreaterThanOrEqual(count);
      expect(listener.ids).toEqual(expected);
    }, PATIENCE_MS);

  it('places what happened before there was a feed, in the order of its time', async () => {
    const rows = await bed.query(SERVICE, 'select type, position from task_event where task_id = ? order by position', [
      old,
    ]);
    expect(rows).toEqual([
      { type: 'LyricGenerated.v1', position: 1 },
      { type: 'SongReady.v1', position: 2 },
    ]);
  });

  it('tell a project from its first event on, each once and in order, without what is not for clients', async () => {
    const taskId = await order();
    const [lyric, ...others] = eventsOf(taskId) as [Message, ...Message[]];
    await bed.topics.send([lyric], { times: 2 });
    await eventually(async () => expect(await placed(taskId)).toHaveLength(1), PATIENCE_MS);
    const listener = await listen(`${url}/v1/projects/${taskId}/events`);
    await hears(listener, () => placed(taskId), 1);
    for (const event of others) await bed.topics.send([event, ...eventsOf(newId())]);
    await hears(listener, () => placed(taskId), 6);

    expect(listener.heard.map(({ event }) => event)).toEqual(expect.arrayContaining(['SongReady', 'TaskCompleted']));
    for (const { id, event, data } of listener.heard)
      expect(data).toMatchObject({ id, type: event, taskId, revision: 1, time: expect.any(String) });
    const meanings = listener.heard.map(({ event, data }) => [event, data.stage, data.status]);
    expect(meanings).toContainEqual(['LyricGenerated', 'lyric', 'completed']);
    expect(meanings).toContainEqual(['SongReady', 'song', 'running']);
    expect(meanings).toContainEqual(['AssetStored', 'video', 'completed']);
    expect(meanings).toContainEqual(['TaskCompleted', 'video', 'completed']);
    expect(listener.text).not.toMatch(/https?:|f\.example|video\/9|Waves|secret/);
    expect(listener.text).toMatch(/^retry: 3000\nid: 0\n\n/);
    const { headers } = listener.response;
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(headers.get('x-accel-buffering')).toBe('no');
  });

  it('tell all projects from now on, or from a place that the query names', async () => {
    const before = await placed();
    const listener = await listen(`${url}/v1/events`);
    const late = await listen(`${url}/v1/events?after=${before.at(-2)}`);
    const events = eventsOf(newId());
    await bed.topics.send(events);
    const since = async (place = 0) => (await placed()).filter(id => id > place);
    await hears(listener, () => since(before.at(-1)), 5);
    await hears(late, () => since(before.at(-2)), 6);
  });

  it('go on after the last event seen, across a restart, whatever happened meanwhile', async () => {
    const start = (await placed()).at(-1) ?? 0;
    const tasks = Array.from({ length: 30 }, () => newId());
    const heard: number[] = [];
    let isOver = false;
    const follow = async () => {
      for (let lastEventId = String(start); !isOver;) {
        const listener = await Listener.open(`${url}/v1/events`, lastEventId).catch(() => undefined);
        if (!listener?.response.ok) continue;
        listeners.add(listener);
        await listener.ended;
        heard.push(...listener.ids);
        ({ lastEventId } = listener);
      }
    };
    const following = follow();
    for (const taskId of tasks.slice(0, 10)) await bed.topics.send(eventsOf(taskId));
    await app.close();
    for (const taskId of tasks.slice(10, 20)) await bed.topics.send(eventsOf(taskId));
    await open();
    for (const taskId of tasks.slice(20)) await bed.topics.send(eventsOf(taskId));
    const expected = async () => (await placed()).filter(id => id > start);
    await eventually(async () => expect(await expected()).toHaveLength(150), PATIENCE_MS);
    await eventually(async () => {
      const open = [...listeners].at(-1)?.ids ?? [];
      expect([...heard, ...open]).toEqual(await expected());
    }, PATIENCE_MS);
    isOver = true;
    await [...listeners].at(-1)?.close();
    await following;
  });

  describe('of two instances that hear of projects at the same time', () => {
    let other: NestFastifyApplication;
    beforeAll(async () => {
      other = await second();
    });
    afterAll(() => other?.close());

    it('are the same at both, none lost, none twice, ascending; also for who goes from one to the other', async () => {
      const start = (await placed()).at(-1) ?? 0;
      const urls = [url, await other.getUrl()] as const;
      const steady = await Promise.all(urls.map(each => listen(`${each}/v1/events`, String(start))));
      const tasks = Array.from({ length: 300 }, () => newId());
      const expected = async () => (await placed()).filter(id => id > start);
      const wandered: number[] = [];
      let lastEventId = String(start);
      for (let i = 0; i < 10; i++) {
        const wanderer = await listen(`${urls[i % 2]}/v1/events`, lastEventId);
        await bed.topics.send(tasks.slice(i * 30, i * 30 + 30).flatMap(taskId => eventsOf(taskId)));
        await eventually(() => expect(wanderer.ids.length).toBeGreaterThan(0), PATIENCE_MS);
        await wanderer.close();
        wandered.push(...wanderer.ids);
        ({ lastEventId } = wanderer);
      }
      for (const listener of steady) await hears(listener, expected, 1_500);
      expect(await expected()).toHaveLength(1_500);
      const last = await listen(`${urls[1]}/v1/events`, lastEventId);
      await eventually(async () => expect([...wandered, ...last.ids]).toEqual(await expected()), PATIENCE_MS);
    });
  });

  it('come also from processes that know of no feed', async () => {
    const taskId = await order();
    const listener = await listen(`${url}/v1/projects/${taskId}/events`);
    await remember('2026-01-03', 'LyricGenerated.v1', taskId);
    await hears(listener, () => placed(taskId), 1);
  });

  it('are placed at last: while all else of them is written, others can be placed', async () => {
    const taskId = await order();
    const [{ event }] = told(taskId);
    const lyric = record({ event, second: 1 });
    const held = await holdBack(bed, SERVICE, lyric.headers.ce_id as string);
    await bed.topics.sendRaw(LyricGenerated.topic, [lyric]);
    await held.reached();
    expect(await bed.query(SERVICE, 'select 1 from feed for update skip locked')).toHaveLength(1);
    await held.letGo();
    await eventually(async () => expect(await placed(taskId)).toHaveLength(1), PATIENCE_MS);
  });

  it('wait for a client who is slow, and hold up nobody else', async () => {
    const taskId = newId();
    const [start] = await bed.query<{ position: number }>(SERVICE, 'select position from feed');
    const after = start?.position ?? 0;
    const slow = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${url}/v1/events?after=${after}`, resolve).on('error', reject);
    });
    slow.pause();
    const failed = message(TaskFailed, {
      ...{ taskId, revision: 1, stage: 'song' as const, code: 'X', reason: 'x'.repeat(1000), retryable: true },
    });
    // More than the connection's buffers take, all at once.
    await bed.query(
      SERVICE,
      `insert into task_event (task_id, event_id, type, revision, data, time, position)
       select ?, uuid(), 'TaskFailed.v1', 1, ?, now(3), ? + seq from seq_1_to_12000`,
      [taskId, JSON.stringify(failed), after],
    );
    await bed.query(SERVICE, 'update feed set position = position + 12000');
    const fast = await listen(`${url}/v1/events?after=${after}`);
    const all = Array.from({ length: 12_000 }, (_, i) => after + 1 + i);
    await eventually(() => expect(fast.heard).toHaveLength(12_000), PATIENCE_MS);
    await bed.topics.send([aLyricGenerated()]);
    await eventually(() => expect(fast.heard.at(-1)?.event).toBe('LyricGenerated'), PATIENCE_MS);
    expect(fast.ids.slice(0, 12_000)).toEqual(all);

    let text = '';
    slow.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    slow.resume();
    await eventually(() => expect(text).toContain('event: LyricGenerated'), PATIENCE_MS);
    const ids = [...text.matchAll(/^id: (\d+)\nevent:/gm)].map(match => Number(match[1]));
    expect(ids).toEqual(fast.ids);
    slow.destroy();
  });

  describe('are refused', () => {
    it.each([
      ['a project that is not there', `/v1/projects/${newId()}/events`, '', '404 TASK_NOT_FOUND'],
      ['no id of a project', '/v1/projects/7/events', '', '404 TASK_NOT_FOUND'],
      ['the history of nothing', `/v1/projects/${newId()}/history`, '', '404 TASK_NOT_FOUND'],
      ['an id that is none', '/v1/events', 'yesterday', '400 INVALID_LAST_EVENT_ID'],
      ['a negative id', '/v1/events', '-1', '400 INVALID_LAST_EVENT_ID'],
      ['an id that is too long', '/v1/events', '9'.repeat(16), '400 INVALID_LAST_EVENT_ID'],
      ['a place that is none', '/v1/events?after=x', '', '400 INVALID_INPUT'],
      ['a negative place', '/v1/events?after=-1', '', '400 INVALID_INPUT'],
      ['a question it does not know', '/v1/events?since=1', '', '400 INVALID_INPUT'],
      ['a cursor that is none', `/v1/projects/${newId()}/history?cursor=x`, '', '400 INVALID_INPUT'],
      ['too long a page', `/v1/projects/${newId()}/history?limit=501`, '', '400 INVALID_INPUT'],
    ])('%s', async (_, path, lastEventId, expected) => {
      const headers: Record<string, string> = lastEventId ? { 'last-event-id': lastEventId } : {};
      expect(refusal(await rest.call('GET', path, { headers }))).toBe(expected);
    });

    it('when as many listen as may, until one leaves', async () => {
      const small = await second({ EVENTS_MAX_CLIENTS: '2' });
      try {
        const address = await small.getUrl();
        const [first] = await Promise.all([listen(`${address}/v1/events`), listen(`${address}/v1/events`)]);
        const answer = await new Rest(address).get('/v1/events');
        expect(refusal(answer)).toBe('503 TOO_MANY_STREAMS');
        expect(answer.headers.get('retry-after')).toBe('1');
        await first.close();
        await eventually(async () => expect((await new Rest(address).get('/v1/events')).status).toBe(200));
      } finally {
        await small.close();
      }
    });
  });

  it('wait beyond the end for what is to come there', async () => {
    const end = (await placed()).at(-1) ?? 0;
    const listener = await listen(`${url}/v1/events`, String(end + 2));
    await bed.topics.send(eventsOf(newId()));
    await hears(listener, async () => (await placed()).filter(id => id > end + 2), 3);
  });

  it('go on by themselves when the database was away', async () => {
    const start = (await placed()).at(-1) ?? 0;
    const present = await listen(`${url}/v1/events`);
    const whole = await listen(`${url}/v1/events?after=0`);
    await bed.part('mariadb').stop();
    await bed.topics.send(eventsOf(newId()));
    await bed.part('mariadb').start();
    await hears(present, async () => (await placed()).filter(id => id > start), 5);
    await hears(whole, () => placed(), 5);
  });

  it('end in order when the process is told to stop, with a client that does not listen', async () => {
    const child = await startChild(bed, MAIN, env);
    const address = `${child.url}/v1/events`;
    const open = await Promise.all([listen(address), listen(address), listen(address)]);
    const idle = await new Promise<IncomingMessage>((resolve, reject) => {
      get(address, resolve).on('error', reject);
    });
    idle.pause().on('error', () => undefined);
    await child.kill('SIGTERM');
    expect(await Promise.all(open.map(({ ended }) => ended))).toEqual(['closed', 'closed', 'closed']);
    idle.destroy();
  });

  describe('as the history of a project', () => {
    const history = async (taskId: string, query = '') =>
      (await rest.get<History>(`/v1/projects/${taskId}/history${query}`)).body;

    it('tell its orders and how they ended, each with what was heard of it, page by page', async () => {
      const taskId = await order({ stopAfter: 'lyric' });
      const plan = aPlan({ stopAfter: 'lyric' });
      const failure = { code: 'SUNO_REFUSED', reason: 'Suno refuses.', retryable: true };
      const over = (events: number) =>
        eventually(async () => expect(await placed(taskId)).toHaveLength(events), PATIENCE_MS);
      await bed.topics.send([aLyricGenerated({ taskId, plan })]);
      await over(2);
      await rest.post(`/v1/projects/${taskId}/song`);
      await bed.topics.send([aSongFailed({ taskId, revision: 2, ...failure })]);
      await over(4);
      await bed.topics.send([aLyricGenerated({ taskId, plan })]);
      await over(5);
      await rest.post(`/v1/projects/${taskId}/song`);

      const whole = await history(taskId);
      expect(whole.nextCursor).toBeUndefined();
      expect(whole.entries).toMatchObject([
        { type: 'OrderAccepted', revision: 1, firstStage: 'lyric', lastStage: 'lyric', status: 'completed' },
        { type: 'LyricGenerated', revision: 1, stage: 'lyric', status: 'completed' },
        { type: 'TaskCompleted', revision: 1, stage: 'lyric', status: 'completed' },
        { type: 'LyricGenerated', revision: 1 },
        { type: 'OrderAccepted', revision: 2, firstStage: 'song', status: 'failed', error: failure },
        { type: 'SongFailed', revision: 2, stage: 'song', status: 'failed', error: failure },
        { type: 'TaskFailed', revision: 2, stage: 'song', status: 'failed', error: failure },
        { type: 'OrderAccepted', revision: 3, firstStage: 'song', status: 'processing' },
      ]);
      expect(whole.entries.flatMap(({ id }) => id ?? []).sort((a, b) => a - b)).toEqual(await placed(taskId));

      for (const limit of [1, 2, 3, 8]) {
        const pages: Entry[] = [];
        for (let cursor = ''; ;) {
          const { entries, nextCursor } = await history(taskId, `?limit=${limit}${cursor && `&cursor=${cursor}`}`);
          pages.push(...entries);
          if (!nextCursor) break;
          expect(entries).toHaveLength(limit);
          cursor = nextCursor;
        }
        expect(pages).toEqual(whole.entries);
      }
      const listener = await listen(`${url}/v1/projects/${taskId}/events`);
      await hears(listener, () => placed(taskId), 5);
      const kept = new Map(whole.entries.map(entry => [entry.id, entry]));
      for (const { id, data } of listener.heard) expect(kept.get(id)).toEqual(data);
    });

    it('are nothing yet for a draft', async () => {
      const { body } = await rest.post<{ taskId: string }>('/v1/projects', brief);
      expect(await history(body.taskId)).toEqual({ entries: [] });
    });
  });
});
