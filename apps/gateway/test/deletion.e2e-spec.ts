import {
  CancelTask,
  deadLetterTopic,
  GenerateLyric,
  message,
  type Message,
  type MessageClass,
  MessageRejected,
  replayTopic,
  SongCalledBack,
  StageDelayed,
  TaskCancelled,
  TaskDeleted,
  topics,
} from '@castad/contracts';
import { KafkaClient } from '@castad/messaging';
import { Database, newId } from '@castad/platform';
import { aPlan, bootWith, eventually, refusal, Rest, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { readHistory } from '../src/projection/history.ts';
import { Rebuilding } from '../src/projection/rebuilding.ts';
import { Listener } from './listener.ts';
import { startAlone } from './alone.ts';
import { eventsOf, stored, tellAll } from './told.ts';

jest.setTimeout(180_000);

const SERVICE = 'gateway';
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung' };
const ROUNDS = 20;

interface View {
  id: string;
  status: string;
}

interface Document {
  paths: Record<string, Record<string, { operationId: string }>>;
}

describe('a deleted project', () => {
  let bed: TestBed;
  let env: Record<string, string>;
  let app: NestFastifyApplication;
  let url: string;
  let rest: Rest;

  beforeAll(async () => {
    ({ bed, env, app } = await startAlone());
    url = await app.getUrl();
    rest = new Rest(url);
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const draft = async (more: object = {}, headers: Record<string, string> = {}) =>
    (await rest.post<View>('/v1/projects', { ...brief, ...more }, headers)).body.id;
  const order = (more: object = {}) => draft({ run: true, withoutPhotos: true, ...more });
  const erase = (id: string, headers: Record<string, string> = {}) =>
    rest.call('DELETE', `/v1/projects/${id}`, { headers });
  const becomes = (id: string, expected: object) =>
    eventually(async () => expect((await rest.get(`/v1/projects/${id}`)).body).toMatchObject(expected), 40_000);
  const finished = async (more: object = {}) => {
    const id = await order(more);
    await tellAll(bed.topics, eventsOf(id));
    await becomes(id, { status: 'completed' });
    return id;
  };
  const said = async (type: MessageClass, id: string) =>
    (await bed.topics.read(type.topic)).filter(seen => seen.type === type.type && seen.key === id);
  const isAnnounced = (id: string) =>
    eventually(async () => expect((await said(TaskDeleted, id)).map(({ data }) => data.taskId)).toEqual([id]), 40_000);

  /** All that is left of a project, as `<table> <rows>`. */
  const left = async (id: string) => {
    const tables = await bed.query<{ name: string }>(
      SERVICE,
      `select table_name name from information_schema.columns
       where table_schema = database() and column_name = 'task_id' order by name`,
    );
    const counts = tables.map(async ({ name }) => {
      const rows = await bed.query(SERVICE, `select 1 from ${name} where task_id = ?`, [id]);
      return rows.length > 0 ? [`${name} ${rows.length}`] : [];
    });
    return (await Promise.all(counts)).flat();
  };
  const isErased = async (id: string) =>
    expect((await left(id)).filter(name => !name.startsWith('idempotency_key'))).toEqual([
      'deleted_task 1',
      'task_event 1',
    ]);
  const isHeard = (id: string) =>
    eventually(async () => {
      const sql = 'select type, json_keys(data) fields from task_event where task_id = ?';
      const [event, ...others] = await bed.query<{ type: string; fields: string }>(SERVICE, sql, [id]);
      expect([event?.type, others]).toEqual([TaskDeleted.type, []]);
      expect(JSON.parse(event?.fields ?? '[]')).toEqual(['taskId', 'revision']);
    }, 40_000);
  const noDeadLetters = async () => expect(await bed.topics.read(deadLetterTopic(SERVICE))).toEqual([]);

  it('is gone with all its rows but two that say so, answers 410 everywhere, and is deleted once', async () => {
    const id = await finished({ externalId: 'order-7', metadata: { shop: '7' } });
    const answers = [await erase(id), await erase(id.toUpperCase())];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [204, ''],
      [204, ''],
    ]);
    await isHeard(id);
    await isErased(id);
    await isAnnounced(id);

    const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
    const routes = Object.entries(document.paths)
      .filter(([path]) => path.includes('{projectId}'))
      .flatMap(([path, methods]) => Object.keys(methods).map(method => [method.toUpperCase(), path] as const));
    expect(routes.length).toBeGreaterThan(25);
    const bodies: Record<string, object> = {
      'PUT /lyric': { sections: [{ label: 'verse', lines: ['Our own words'] }] },
      'PUT /images': { imageIds: [] },
      'PUT /choice': { revision: 1 },
    };
    for (const [method, path] of routes.filter(route => route[0] !== 'DELETE' || route[1].includes('imageId'))) {
      const filled = path.replace('{projectId}', id).replace('{imageId}', newId()).replace('{revision}', '1');
      const body =
        method === 'GET' || method === 'DELETE' ? undefined : (bodies[`${method} ${/\/\w+$/.exec(path)?.[0]}`] ?? {});
      const isFile = path.endsWith('/images/{imageId}') && method === 'PUT';
      const form = new FormData();
      form.append('images', new Blob(['a photo']), 'photo.jpg');
      const answer = await rest.call(method, filled, {
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        ...((isFile || (path.endsWith('/images') && method === 'POST')) && { headers: {}, body: form }),
      });
      expect([method, path, refusal(answer)]).toEqual([method, path, '410 PROJECT_DELETED']);
    }
    expect(refusal(await rest.get(`/v1/projects/${newId()}`))).toBe('404 TASK_NOT_FOUND');
    expect(refusal(await erase(newId()))).toBe('404 TASK_NOT_FOUND');
  });

  it('is in no list any more, and leaves its externalId to others', async () => {
    const id = await finished({ externalId: 'order-8' });
    await erase(id);
    const other = await draft({ externalId: 'order-8' });
    for (const list of ['projects', 'orders', 'songs', 'videos']) {
      const { body } = await rest.get<Record<string, object[]>>(`/v1/${list}?limit=100`);
      expect(JSON.stringify(body[list])).not.toContain(id);
    }
    const { body } = await rest.get<{ projects: View[] }>('/v1/projects?externalId=order-8');
    expect(body.projects.map(project => project.id)).toEqual([other]);
  });

  it('answers the clients of the former system in their form', async () => {
    const id = await finished();
    await erase(id);
    for (const path of [
      `/lyric/status/${id}`,
      `/song/generate/${id}`,
      `/video/generate/${id}`,
      `/video/download/${id}`,
    ])
      expect(await rest.get(path)).toMatchObject({
        status: 410,
        body: { detail: 'The project was deleted.', code: 'PROJECT_DELETED' },
      });
    expect(await rest.get(`/video/status/${id}-1`)).toMatchObject({ status: 410 });
    for (const list of ['songs', 'videos']) expect(JSON.stringify((await rest.get(`/${list}`)).body)).not.toContain(id);
  });

  it('ends its running order first, as a cancellation does', async () => {
    const id = await order();
    await erase(id);
    await isAnnounced(id);
    await eventually(async () =>
      expect(await said(CancelTask, id)).toMatchObject([{ data: { taskId: id, revision: 1 } }]),
    );
    const ends = (await bed.topics.read(TaskDeleted.topic)).filter(({ key }) => key === id);
    expect(ends.map(({ type }) => type)).toEqual([TaskCancelled.type, TaskDeleted.type]);
    expect(ends[0]?.data).toMatchObject({ revision: 1, stage: 'lyric' });
    await isHeard(id);
    await isErased(id);
  });

  it.each([
    ['waits for approval', { stopAfter: 'lyric' }, 1],
    ['was never ordered', { run: false, withoutPhotos: undefined }, 0],
  ])('that %s is deleted without a cancellation', async (_, more, heard) => {
    const id = await order(more);
    await tellAll(bed.topics, eventsOf(id, 1, aPlan({ stopAfter: 'lyric' })).slice(0, heard));
    await becomes(id, { status: heard ? 'waiting' : 'draft' });
    await erase(id);
    await isAnnounced(id);
    expect([await said(CancelTask, id), await said(TaskCancelled, id)]).toEqual([[], []]);
    await isHeard(id);
    await isErased(id);
  });

  it('stays as it is where If-Match says that it has changed', async () => {
    const id = await draft();
    const { headers } = await rest.get(`/v1/projects/${id}`);
    const etag = headers.get('etag') as string;
    await rest.call('PATCH', `/v1/projects/${id}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ region: 'Sokcho' }),
    });
    expect(refusal(await erase(id, { 'if-match': etag }))).toBe('412 PRECONDITION_FAILED');
    const now = (await rest.get(`/v1/projects/${id}`)).headers.get('etag') as string;
    expect((await erase(id, { 'if-match': now })).status).toBe(204);
    expect((await erase(id, { 'if-match': now })).status).toBe(204);
    expect(await said(TaskDeleted, id)).toHaveLength(1);
  });

  it('meets an order, an edit and its own deletion at the same time, and is deleted once, with nothing left', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await draft();
      const key = { 'idempotency-key': newId() };
      const [run, patch, ...deletions] = await Promise.all([
        rest.post(`/v1/projects/${id}/run`, { withoutPhotos: true }, key),
        rest.call('PATCH', `/v1/projects/${id}`, {
          headers: { 'content-type': 'application/json', 'idempotency-key': newId() },
          body: JSON.stringify({ metadata: { round: String(round) } }),
        }),
        erase(id),
        erase(id),
      ]);
      expect(deletions.map(({ status }) => status)).toEqual([204, 204]);
      expect([200, 410]).toContain(patch.status);
      expect([202, 410]).toContain(run.status);
      await isAnnounced(id);
      await isHeard(id);
      await isErased(id);
      const ordered = run.status === 202 ? 1 : 0;
      expect(await said(GenerateLyric, id)).toHaveLength(ordered);
      expect(await said(CancelTask, id)).toHaveLength(ordered);
      expect(refusal(await rest.post(`/v1/projects/${id}/run`, { withoutPhotos: true }, key))).toBe(
        '410 PROJECT_DELETED',
      );
    }
  });

  it('is not made again by the request that made it, though that comes again with its key', async () => {
    const body = { ...brief, run: true, withoutPhotos: true };
    const key = { 'idempotency-key': newId() };
    const { id } = (await rest.post<View>('/v1/projects', body, key)).body;
    await erase(id);
    expect(refusal(await rest.post('/v1/projects', body, key))).toBe('410 PROJECT_DELETED');
    expect(refusal(await rest.post('/v1/projects', brief, key))).toBe('422 IDEMPOTENCY_KEY_REUSED');
    const kept = await bed.query(SERVICE, 'select answer from idempotency_key where task_id = ?', [id]);
    expect(kept).toEqual([{ answer: null }]);
    const other = await rest.post<View>('/v1/projects', body, { 'idempotency-key': newId() });
    expect([other.status, other.body.id === id]).toEqual([202, false]);
  });

  describe('is not brought back', () => {
    const late = (id: string): Message[] => [
      ...eventsOf(id).map(({ event }) => event),
      stored(id, 0, 'song', 'tracks'),
      message(StageDelayed, { taskId: id, revision: 1, stage: 'song', code: 'SUNO_CREDITS', reason: 'No credits.' }),
      message(MessageRejected, {
        taskId: id,
        revision: 1,
        service: 'song-service',
        messageType: 'LyricGenerated.v1',
        reason: 'it is odd',
      }),
    ];
    /** What is told after the late events has been heard, so they have been too. */
    const goesOn = async () => becomes(await finished(), { status: 'completed' });

    it('by events that come late, or again, or in the moment of the deletion', async () => {
      const [after, meanwhile] = [await order(), await order()];
      await erase(after);
      await Promise.all([bed.topics.send(late(meanwhile), { times: 2 }), erase(meanwhile)]);
      await bed.topics.send(late(after), { times: 2 });
      await goesOn();
      for (const id of [after, meanwhile]) {
        await isHeard(id);
        await isErased(id);
      }
      await noDeadLetters();
    });

    it('by a forced replay', async () => {
      const id = await finished();
      await erase(id);
      await isAnnounced(id);
      const events = Object.values(topics).map(({ name }) => name);
      const records = (await bed.topics.read(...events)).filter(({ key }) => key === id);
      expect(records.length).toBeGreaterThan(5);
      await bed.topics.sendRaw(
        replayTopic(SERVICE),
        records.map(({ key, value, headers }) => ({ key, value, headers: { ...headers, castad_force: 'true' } })),
      );
      await eventually(async () => expect(await bed.topics.lag(SERVICE, replayTopic(SERVICE))).toBe(0), 40_000);
      await isHeard(id);
      await isErased(id);
      await noDeadLetters();
    });

    it('by a rebuild of what clients see', async () => {
      const [id, other] = [await finished(), await finished()];
      await erase(id);
      await isHeard(id);
      const shown = (await rest.get(`/v1/projects/${other}`)).body.stages;
      const rebuilding = new Rebuilding(app.get(Database));
      await readHistory(app.get(KafkaClient).kafka, part => rebuilding.fold(part));
      await rebuilding.foldOrders();
      await isErased(id);
      expect(refusal(await rest.get(`/v1/projects/${id}`))).toBe('410 PROJECT_DELETED');
      expect((await rest.get(`/v1/projects/${other}`)).body.stages).toEqual(shown);
    });

    it('by a provider that calls back', async () => {
      const id = await order();
      await erase(id);
      const token = 't'.repeat(43);
      const answer = await rest.post(`/callbacks/suno/${id}/${token}`, { data: { task_id: 'job-1' } });
      expect(answer.status).toBe(200);
      await eventually(async () => expect(await said(SongCalledBack, id)).toHaveLength(1));
      await isErased(id);
    });

    it('for good by a backup of the database: the event is replayed and erases it again', async () => {
      const id = await finished();
      for (const table of ['project', 'task_order'])
        await bed.query(SERVICE, `create table ${table}_backup as select * from ${table} where task_id = ?`, [id]);
      await erase(id);
      await isHeard(id);
      for (const table of ['project', 'task_order'])
        for (const sql of [`insert into ${table} select * from ${table}_backup`, `drop table ${table}_backup`])
          await bed.query(SERVICE, sql);
      for (const table of ['deleted_task', 'task_event'])
        await bed.query(SERVICE, `delete from ${table} where task_id = ?`, [id]);
      await bed.query(SERVICE, 'delete from inbox');
      expect((await rest.get(`/v1/projects/${id}`)).status).toBe(200);

      const [deletion] = await said(TaskDeleted, id);
      if (!deletion) throw new Error('no deletion');
      const { key, value, headers } = deletion;
      await bed.topics.sendRaw(replayTopic(SERVICE), [{ key, value, headers }]);
      await eventually(
        async () => expect(refusal(await rest.get(`/v1/projects/${id}`))).toBe('410 PROJECT_DELETED'),
        40_000,
      );
      await isErased(id);
    });
  });

  describe('ends the streams of its events', () => {
    it('in every process, and refuses who comes again', async () => {
      const second = await bootWith(env, GatewayModule, { http: setUpHttp });
      try {
        const id = await finished();
        const path = `/v1/projects/${id}/events`;
        const listeners = [await Listener.open(url + path), await Listener.open((await second.getUrl()) + path)];
        const all = await Listener.open(`${url}/v1/events`);
        await erase(id);
        for (const listener of listeners) {
          expect(await listener.ended).toBe('closed');
          expect(listener.heard.at(-1)).toMatchObject({ event: 'TaskDeleted', data: { projectId: id } });
        }
        expect((await Listener.open(url + path, String(listeners[0]?.lastEventId))).response.status).toBe(410);
        const other = await finished();
        await eventually(() =>
          expect(all.heard.map(({ event, data }) => `${event} ${String(data.projectId)}`)).toEqual(
            expect.arrayContaining([`TaskDeleted ${id}`, `TaskCompleted ${other}`]),
          ),
        );
        await all.close();
      } finally {
        await second.close();
      }
    });
  });

  it('is deleted while the broker is away, and announced afterwards', async () => {
    const id = await order();
    await bed.part('kafka').stop();
    expect((await erase(id)).status).toBe(204);
    expect(refusal(await rest.get(`/v1/projects/${id}`))).toBe('410 PROJECT_DELETED');
    await bed.part('kafka').start();
    await isAnnounced(id);
    await isHeard(id);
    await isErased(id);
  });
});
