import { message, SongFailed, SongSubmitted } from '@castad/contracts';
import { newId } from '@castad/platform';
import { aPlan, bootWith, eventually, refusal, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { eventsOf, tellAll } from './told.ts';

jest.setTimeout(120_000);

const SERVICE = 'gateway';
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', music: { durationSeconds: 10, style: 'jazz' } };
const failure = { code: 'SUNO_GENERATION_FAILED', reason: 'Suno could not compose the song.', retryable: true };
const json = { 'content-type': 'application/json' };

interface Order {
  projectId: string;
  revision: number;
  createdAt: string;
}

interface View {
  id: string;
  revision: number;
  stages: { stage: string; stale: boolean }[];
}

interface OrderPage {
  orders: Order[];
  hasMore: boolean;
  nextCursor?: string;
}

/** The gateway and nobody else: what the services say, the test says. */
describe('the resources', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate(SERVICE, migrations);
    const env = bed.env(SERVICE, {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
      WORKER_POLL_MS: '100',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
    });
    app = await bootWith(env, GatewayModule, { http: setUpHttp });
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const draft = async (more: object = {}) => (await rest.post<View>('/v1/projects', { ...brief, ...more })).body.id;
  const order = (more: object = {}) => draft({ run: true, withoutPhotos: true, ...more });
  const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    rest.call<View>(method, `/v1/projects/${path}`, {
      headers: { ...(body && json), ...headers },
      body: body && JSON.stringify(body),
    });
  const becomes = (id: string, expected: object) =>
    eventually(async () => expect((await send('GET', id)).body).toMatchObject(expected), 40_000);
  const finished = async (more: object = {}) => {
    const id = await order(more);
    await tellAll(bed.topics, eventsOf(id));
    await becomes(id, { status: 'completed' });
    // The gateway hears of its own decision too.
    await eventually(async () =>
      expect(
        await bed.query(SERVICE, "select 1 from task_event where task_id = ? and type = 'TaskCompleted.v1'", [id]),
      ).toHaveLength(1),
    );
    return id;
  };
  const etagOf = async (id: string) => (await send('GET', id)).headers.get('etag') as string;
  const seen = (id: string, etag: string) => send('GET', id, undefined, { 'if-none-match': etag });

  describe('say of a project whether it has changed', () => {
    it('not, with its version and no body', async () => {
      const id = await finished();
      const etag = await etagOf(id);
      expect(etag).toMatch(/^"[\d.]+"$/);
      for (const header of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const { status, body, headers } = await seen(id, header);
        expect([header, status, body, headers.get('etag')]).toEqual([header, 304, '', etag]);
      }
      for (const header of ['"x"', 'x', '', ',', etag.slice(1)])
        expect([header, (await seen(id, header)).status]).toEqual([header, 200]);
      expect(refusal(await seen(newId(), etag))).toBe('404 TASK_NOT_FOUND');
    });

    it('whatever changes what is shown of it', async () => {
      const id = await finished();
      const changes: Record<string, () => Promise<unknown>> = {
        'another region': () => send('PATCH', id, { region: 'Sokcho' }),
        'a note of the client': () => send('PATCH', id, { metadata: { a: '1' } }),
        'an order': () => send('POST', `${id}/lyric`, { again: true }),
        'a cancellation': () => send('POST', `${id}/cancel`),
        'a late result': () => tellAll(bed.topics, [eventsOf(id, 3)[0]]),
        'a choice': () => send('PUT', `${id}/lyric/choice`, { revision: 1 }),
        'an order of photos': () => send('PUT', `${id}/images`, { imageIds: [] }),
        'an order out of time': async () => {
          await send('POST', `${id}/lyric`, { again: true });
          await bed.query(SERVICE, 'update task_order set due_at = now(3) where task_id = ? and due_at is not null', [
            id,
          ]);
          await becomes(id, { status: 'failed' });
        },
      };
      for (const [name, change] of Object.entries(changes)) {
        const { body, headers } = await send('GET', id);
        await change();
        await eventually(async () => {
          const next = await seen(id, headers.get('etag') as string);
          expect([name, next.status]).toEqual([name, 200]);
          if (name !== 'an order of photos') expect([name, next.body]).not.toEqual([name, body]);
        }, 40_000);
      }
    });

    it('never the same version with another view, while events come in', async () => {
      const ids = await Promise.all(Array.from({ length: 10 }, () => order()));
      const views = new Map<string, string>();
      let isOver = false;
      const polling = ids.map(async id => {
        while (!isOver) {
          const { body, headers } = await send('GET', id);
          const version = `${id} ${headers.get('etag')}`;
          const view = JSON.stringify(body);
          expect(views.get(version) ?? view).toBe(view);
          views.set(version, view);
        }
      });
      try {
        for (let i = 0; i < 5; i++)
          await tellAll(
            bed.topics,
            ids.map(id => eventsOf(id)[i as 0]),
          );
        for (const id of ids) await becomes(id, { status: 'completed' });
      } finally {
        isOver = true;
        await Promise.all(polling);
      }
    });
  });

  describe('take an order for what was looked at', () => {
    it.each<[method: string, what: string, body: object]>([
      ['POST', '/run', {}],
      ['POST', '/retry', {}],
      ['POST', '/lyric', {}],
      ['POST', '/song', {}],
      ['POST', '/video', {}],
      ['PUT', '/lyric', { sections: [{ label: 'verse', lines: ['la'] }] }],
      ['PUT', '/lyric/choice', { revision: 1 }],
      ['PATCH', '', { region: 'Sokcho' }],
    ])('and not for what has changed since: %s %s', async (method, what, body) => {
      const id = await finished();
      const stale = await etagOf(id);
      await send('PATCH', id, { metadata: { changed: newId() } });
      for (const header of [stale, 'W/' + (await etagOf(id)), '"x"'])
        expect(refusal(await send(method, id + what, body, { 'if-match': header }))).toBe('412 PRECONDITION_FAILED');
      const { revision } = (await send('GET', id)).body;
      expect(revision).toBe(1);
    });

    it('once, and answer with the next version', async () => {
      const id = await finished();
      const etag = await etagOf(id);
      const answers = await Promise.all([1, 2, 3].map(() => send('POST', `${id}/song`, {}, { 'if-match': etag })));
      expect(answers.map(({ status }) => status).sort()).toEqual([202, 412, 412]);
      await send('POST', `${id}/cancel`);
      const told = "select 1 from task_event where task_id = ? and type = 'TaskCancelled.v1'";
      await eventually(async () => expect(await bed.query(SERVICE, told, [id])).toHaveLength(1));
      const patched = await send('PATCH', id, { region: 'Sokcho' }, { 'if-match': '*' });
      expect([patched.status, patched.headers.get('etag')]).toEqual([200, await etagOf(id)]);
    });
  });

  describe('tell of orders', () => {
    const one = (id: string, revision: number | string) => rest.get<Order>(`/v1/projects/${id}/orders/${revision}`);

    it('with the time when they will have ended, once enough films can be compared', async () => {
      // As many as are looked at.
      const measured = Array.from({ length: 200 }, newId).flatMap(id =>
        ['lyric', 'song', 'video'].map(name => [id, name]),
      );
      const rows = measured.map(() => "(?, ?, 1, '{}', '[]', false, now(3) - interval 1 hour, now(3))").join(', ');
      await bed.query(
        SERVICE,
        `insert into stage_attempt (task_id, name, revision, output, files, paid, started_at, ended_at) values ${rows}`,
        measured.flat(),
      );
      const id = await order();
      await eventually(async () => {
        const { body } = await one(id, 1);
        const { expectedAt, latestAt } = (body as { estimate?: Record<string, string> }).estimate ?? {};
        const hours = (Date.parse(expectedAt as string) - Date.parse(body.createdAt)) / 3_600_000;
        expect([Math.round(hours), latestAt]).toEqual([3, expectedAt]);
      }, 60_000);
      const other = await order();
      const estimate = async () => (await rest.get<{ estimate?: object }>(`/v1/projects/${other}`)).body.estimate;
      const atFirst = await estimate();
      expect(atFirst).toEqual({ expectedAt: expect.any(String), latestAt: expect.any(String) });
      const [lyric] = eventsOf(other);
      await tellAll(bed.topics, [lyric]);
      await eventually(async () => expect(await estimate()).not.toEqual(atFirst), 40_000);
      const { entries } = (await rest.get<{ entries: object[] }>(`/v1/projects/${other}/history`)).body;
      expect(entries.at(-1)).toMatchObject({ type: 'LyricGenerated', estimate: await estimate() });
      await send('POST', `${id}/cancel`);
      for (const path of [id, `${id}/orders/1`])
        expect((await rest.get(`/v1/projects/${path}`)).body).not.toHaveProperty('estimate');
    });

    it('with a place of its own for each that is accepted', async () => {
      const id = await draft();
      const accepted = await send('POST', `${id}/run`, { stopAfter: 'song' });
      expect(accepted.headers.get('location')).toBe(`/v1/projects/${id}/orders/1`);
      const running = await rest.get(accepted.headers.get('location') as string);
      expect(running.body).toMatchObject({
        ...{ projectId: id, revision: 1, status: 'processing', firstStage: 'lyric', lastStage: 'song', paid: [] },
        stages: [
          { stage: 'lyric', status: 'running' },
          { stage: 'song', status: 'pending' },
        ],
      });
      expect(running.body).not.toHaveProperty('endedAt');
      const cancelled = await send('POST', `${id}/cancel`);
      expect(cancelled.headers.get('location')).toBe(`/v1/projects/${id}/orders/1`);
      expect((await one(id, 1)).body).toMatchObject({
        status: 'cancelled',
        endedAt: expect.any(String),
        stages: [{ status: 'cancelled' }, { status: 'cancelled' }],
      });
    });

    it('what was paid for, and why it failed', async () => {
      const id = await order();
      await tellAll(bed.topics, [
        eventsOf(id)[0],
        { event: message(SongSubmitted, { taskId: id, revision: 1, attempt: 1, jobId: 'j' }), second: 2 },
        { event: message(SongFailed, { taskId: id, revision: 1, ...failure, detail: '500' }), second: 3 },
      ]);
      await becomes(id, { status: 'failed' });
      const { body } = await one(id, 1);
      expect(body).toMatchObject({
        ...{ status: 'failed', paid: ['song'], error: { ...failure, detail: '500' } },
        stages: [
          { stage: 'lyric', status: 'completed', endedAt: '2026-01-01T00:00:01.000Z' },
          { stage: 'song', status: 'failed', paid: true, error: failure },
          { stage: 'video', status: 'cancelled' },
        ],
      });
      const { deadline, createdAt } = body as unknown as { deadline: string; createdAt: string };
      expect(new Date(deadline).getTime() - new Date(createdAt).getTime()).toBe(45 * 60_000);
    });

    it('of a project, newest first, page by page', async () => {
      const id = await order();
      for (let i = 0; i < 4; i++) {
        await send('POST', `${id}/cancel`);
        await send('POST', `${id}/retry`);
      }
      const found: number[] = [];
      for (let cursor = ''; ;) {
        const { body } = await rest.get<OrderPage>(`/v1/projects/${id}/orders?limit=2${cursor}`);
        found.push(...body.orders.map(({ revision }) => revision));
        expect(body.hasMore).toBe(body.nextCursor !== undefined);
        if (!body.hasMore) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect(found).toEqual([5, 4, 3, 2, 1]);
    });

    it('of all projects, by status and time, each once', async () => {
      const ids = await Promise.all(Array.from({ length: 6 }, () => order({ stopAfter: 'lyric' })));
      await Promise.all(ids.slice(0, 3).map(id => send('POST', `${id}/cancel`)));
      await Promise.all(
        ids.slice(3, 5).map(async id => tellAll(bed.topics, [eventsOf(id, 1, aPlan({ stopAfter: 'lyric' }))[0]])),
      );
      for (const id of ids.slice(3, 5)) await becomes(id, { status: 'waiting' });
      const walk = async (query: string) => {
        const found: Order[] = [];
        for (let cursor = ''; ;) {
          const { status, body } = await rest.get<OrderPage>(`/v1/orders?limit=2${query}${cursor}`);
          expect(status).toBe(200);
          found.push(...body.orders);
          if (!body.nextCursor) return found;
          cursor = `&cursor=${body.nextCursor}`;
        }
      };
      const ours = (found: Order[]) => found.filter(({ projectId }) => ids.includes(projectId));
      const all = await walk('');
      expect(
        ours(all)
          .map(({ projectId }) => projectId)
          .sort(),
      ).toEqual(ids.toSorted());
      expect(all.map(({ createdAt }) => createdAt)).toEqual(
        all
          .map(({ createdAt }) => createdAt)
          .sort()
          .reverse(),
      );
      const idsOf = (found: Order[]) =>
        ours(found)
          .map(({ projectId }) => projectId)
          .sort();
      expect(idsOf(await walk('&status=cancelled'))).toEqual(ids.slice(0, 3).sort());
      expect(idsOf(await walk('&status=completed'))).toEqual(ids.slice(3, 5).sort());
      expect(idsOf(await walk('&status=processing'))).toEqual(ids.slice(5));
      const middle = ours(all)[2]?.createdAt as string;
      const [from, to] = [await walk(`&createdFrom=${middle}`), await walk(`&createdTo=${middle}`)];
      expect(
        from.every(({ createdAt }) => createdAt >= middle) && to.every(({ createdAt }) => createdAt < middle),
      ).toBe(true);
      expect(from.length + to.length).toBe(all.length);
    });

    it.each([['0'], ['2'], ['x'], ['1e3'], ['99999999999']])('but not of one that is not there: %s', async revision => {
      expect(refusal(await one(await order(), revision))).toBe('404 ORDER_NOT_FOUND');
    });

    it.each([['status=running'], ['createdFrom=today'], ['createdTo=2026-01-01'], ['cursor=1'], ['limit=0']])(
      'and not by what says nothing: %s',
      async query => {
        expect(refusal(await rest.get(`/v1/orders?${query}`))).toBe('400 INVALID_INPUT');
      },
    );
  });

  describe('let a project be changed', () => {
    it('what is named, and nothing else', async () => {
      const id = await draft({ description: 'By the sea.', externalId: 'a', metadata: { a: '1', b: '2' } });
      const patch = { region: 'Sokcho', description: null, music: { style: null }, metadata: { a: null, c: '3' } };
      const { status, body } = await send('PATCH', id, patch, { 'content-type': 'application/merge-patch+json' });
      expect([status, body]).toEqual([
        200,
        expect.objectContaining({
          ...{ businessName: 'Sea Breeze Stay', region: 'Sokcho', language: 'ko', externalId: 'a', revision: 0 },
          ...{ music: { durationSeconds: 10 }, video: { format: '9:16' }, metadata: { b: '2', c: '3' } },
        }),
      ]);
      expect(body).not.toHaveProperty('description');
      expect((await send('GET', id)).body).toEqual(body);
      const cleared = await send('PATCH', id, { externalId: null, metadata: null });
      expect(cleared.body).toMatchObject({ metadata: {} });
      expect(cleared.body).not.toHaveProperty('externalId');
    });

    it.each<[string, object, [lyric: boolean, song: boolean, video: boolean]]>([
      ['the name', { businessName: 'Other' }, [true, true, true]],
      ['the language', { language: 'en' }, [true, true, true]],
      ['the style', { music: { style: 'pop' } }, [true, true, true]],
      ['the format', { video: { format: '1:1' } }, [false, false, true]],
      ['nothing', { region: 'Gangneung', music: { durationSeconds: 10 } }, [false, false, false]],
      ['its labels', { externalId: 'b', metadata: { a: '1' } }, [false, false, false]],
    ])('and what was made before is stale: %s', async (_, patch, stale) => {
      const id = await finished();
      const { body } = await send('PATCH', id, patch);
      expect(body.stages.map(stage => stage.stale)).toEqual(stale);
      expect(body.revision).toBe(stale.includes(true) ? 2 : 1);
      const run = await send('POST', `${id}/run`);
      if (!stale.includes(true)) return expect(refusal(run)).toBe('409 NOTHING_TO_DO');
      const { body: placed } = await rest.get(run.headers.get('location') as string);
      expect(placed).toMatchObject({ firstStage: stale[0] ? 'lyric' : 'video', revision: 3 });
    });

    it('but own words stay as they are, whatever the brief says', async () => {
      const id = await draft();
      await send('PUT', `${id}/lyric`, { sections: [{ label: 'verse', lines: ['la'] }] });
      await tellAll(bed.topics, [eventsOf(id, 1, aPlan({ stopAfter: 'lyric' }))[0]]);
      await becomes(id, { status: 'waiting' });
      expect((await send('PATCH', id, { region: 'Sokcho' })).body.stages[0]).toMatchObject({ stale: false });
    });

    it('but not what a running order is made of', async () => {
      const id = await order();
      expect(refusal(await send('PATCH', id, { region: 'Sokcho' }))).toBe('409 ORDER_RUNNING');
      const { status, body } = await send('PATCH', id, { region: 'Gangneung', metadata: { a: '1' } });
      expect([status, body]).toMatchObject([200, { revision: 1, metadata: { a: '1' } }]);
    });

    it.each<[string, object]>([
      ['no name', { businessName: null }],
      ['no format', { video: { format: null } }],
      ['no music', { music: null }],
      ['what it does not know', { price: 1 }],
      ['a status', { status: 'completed' }],
      ['metadata that is a list', { metadata: ['a'] }],
      ['metadata that is nested', { metadata: { a: { b: '1' } } }],
      ['a number', { metadata: { a: 1 } }],
      ['a key that is too long', { metadata: { ['x'.repeat(41)]: '1' } }],
      ['an empty key', { metadata: { '': '1' } }],
      ['a value that is too long', { metadata: { a: 'x'.repeat(501) } }],
      ['too many keys', { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [i, 'x'])) }],
    ])('and not to %s', async (_, patch) => {
      const id = await draft();
      const before = (await send('GET', id)).body;
      expect(refusal(await send('PATCH', id, patch))).toBe('400 INVALID_INPUT');
      expect((await send('GET', id)).body).toEqual(before);
    });

    it('with as many keys as there may be, and not one more', async () => {
      const keys = (from: number, to: number) =>
        Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`key ${from + i}`, 'x']));
      const id = await draft({ metadata: { toString: 'c', ...keys(0, 18) } });
      expect((await send('PATCH', id, { metadata: keys(18, 19) })).status).toBe(200);
      expect(refusal(await send('PATCH', id, { metadata: keys(19, 20) }))).toBe('400 INVALID_INPUT');
      expect((await send('GET', id)).body).toMatchObject({ metadata: { toString: 'c', ...keys(0, 19) } });
    });
  });
});
