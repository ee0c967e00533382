import { GenerateLyric, GenerateSong, type Message, RenderVideo } from '@castad/contracts';
import { newId } from '@castad/platform';
import { type Answer, bootWith, eventually, refusal, Rest, startChild, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import mysql from 'mysql2/promise';
import { join } from 'node:path';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { eventsOf, tellAll } from './told.ts';

jest.setTimeout(120_000);

const SERVICE = 'gateway';
const MAIN = join(import.meta.dirname, '../src/main.ts');
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', music: { durationSeconds: 10, style: 'jazz' } };
const words = { sections: [{ label: 'verse', lines: ['Our own words'] }] };
const json = { 'content-type': 'application/json' };

interface View {
  id: string;
  revision: number;
  status: string;
}

describe('requests that come again', () => {
  let bed: TestBed;
  let env: Record<string, string>;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate(SERVICE, migrations);
    env = bed.env(SERVICE, {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
    });
    app = await bootWith(env, GatewayModule, { http: setUpHttp });
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const order = async () =>
    (await rest.post<View>('/v1/projects', { ...brief, run: true, withoutPhotos: true })).body.id;
  const finished = async () => {
    const id = await order();
    await tellAll(bed.topics, eventsOf(id));
    await becomes(id, { status: 'completed' });
    return id;
  };
  const project = async (id: string) => (await rest.get<View>(`/v1/projects/${id}`)).body;
  const becomes = (id: string, expected: object) =>
    eventually(async () => expect(await project(id)).toMatchObject(expected), 40_000);
  const send = (method: string, path: string, body: object | undefined, key?: string) =>
    rest.call<View>(method, `/v1/projects${path && '/'}${path}`, {
      headers: { ...(body && json), ...(key && { 'idempotency-key': key }) },
      body: body && JSON.stringify(body),
    });
  const partsOf = ({ status, body, headers }: Answer<unknown>) => ({
    ...{ status, body, location: headers.get('location'), etag: headers.get('etag') },
  });
  const isReplayed = ({ headers }: Answer<unknown>) => headers.get('idempotency-replayed') === 'true';
  const orders = (id: string) => bed.query(SERVICE, 'select 1 from task_order where task_id = ?', [id]);

  describe('with an Idempotency-Key', () => {
    it.each<[method: string, what: string, body: object | undefined]>([
      ['POST', '/lyric', { again: true }],
      ['POST', '/song', { again: true }],
      ['POST', '/video', { again: true, withoutPhotos: true }],
      ['POST', '/run', undefined],
      ['PUT', '/lyric', words],
      ['PUT', '/lyric/choice', { revision: 1 }],
      ['PUT', '/images', { imageIds: [] }],
      ['PATCH', '', { region: 'Sokcho', metadata: { a: '1' } }],
    ])('are answered as the first time, and carried out once: %s %s', async (method, what, body) => {
      const id = await finished();
      if (what === '/run') await send('PATCH', id, { region: 'Sokcho' });
      const key = newId();
      const first = await send(method, id + what, body, key);
      expect([first.status < 300, isReplayed(first)]).toEqual([true, false]);
      const before = await project(id);
      await bed.query(SERVICE, 'update task_order set status = ? where task_id = ?', ['done', id]);
      const second = await send(method, id + what, body, key);
      expect(partsOf(second)).toEqual(partsOf(first));
      expect(isReplayed(second)).toBe(true);
      expect((await project(id)).revision).toBe(before.revision);
    });

    it('are the same in whatever order the properties come, and with the id in upper case', async () => {
      const id = await finished();
      const key = newId();
      const first = await send('PATCH', id, { region: 'Sokcho', music: { style: 'pop', durationSeconds: 20 } }, key);
      const turned = { music: { durationSeconds: 20, style: 'pop' }, region: 'Sokcho' };
      const second = await send('PATCH', id.toUpperCase(), turned, key);
      expect([partsOf(second), isReplayed(second)]).toEqual([partsOf(first), true]);
    });

    it('are refused when they are others: another body, path, method or project', async () => {
      const id = await finished();
      const key = newId();
      await send('POST', `${id}/song`, { again: true }, key);
      for (const [method, path, body] of [
        ['POST', `${id}/song`, undefined],
        ['POST', `${id}/lyric`, { again: true }],
        ['POST', `${await order()}/song`, { again: true }],
        ['POST', '', brief],
        ['PATCH', id, {}],
        ['PUT', `${id}/lyric`, words],
      ] as const)
        expect([path, refusal(await send(method, path, body, key))]).toEqual([path, '422 IDEMPOTENCY_KEY_REUSED']);
    });

    it('are carried out when they were refused before: what changed nothing leaves no key', async () => {
      const id = (await send('POST', '', brief)).body.id;
      const key = newId();
      expect(refusal(await send('POST', `${id}/run`, undefined, key))).toBe('409 PHOTOS_MISSING');
      expect(refusal(await send('POST', `${id}/cancel`, undefined, key))).toBe('409 NOTHING_TO_CANCEL');
      const { status, body } = await send('POST', `${id}/run`, { stopAfter: 'lyric' }, key);
      expect([status, body.revision]).toEqual([202, 1]);
    });

    it('cancel once, and answer with what was paid for then', async () => {
      const id = await order();
      const key = newId();
      const first = await send('POST', `${id}/cancel`, undefined, key);
      await send('POST', `${id}/retry`, undefined);
      const second = await send('POST', `${id}/cancel`, undefined, key);
      expect(partsOf(second)).toEqual(partsOf(first));
      expect(await project(id)).toMatchObject({ status: 'processing', revision: 2 });
    });

    it('ten at once, make one order', async () => {
      const id = await finished();
      const key = newId();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => send('POST', `${id}/song`, { again: true }, key)),
      );
      expect(answers.map(({ status, body }) => [status, body.revision])).toEqual(Array(10).fill([202, 2]));
      expect(answers.filter(isReplayed)).toHaveLength(9);
      expect(await orders(id)).toHaveLength(2);
    });

    it('are asked to come later while the first one is still carried out', async () => {
      const id = await order();
      const key = newId();
      await send('POST', `${id}/cancel`, undefined, key);
      const rival = await mysql.createConnection({ uri: bed.sandbox.databaseUrl(SERVICE) });
      try {
        const [[row]] = await rival.query<mysql.RowDataPacket[]>(
          'select * from idempotency_key where task_id = ? limit 1',
          [id],
        );
        await rival.query('delete from idempotency_key where id = ?', [row?.id]);
        await rival.beginTransaction();
        await rival.query('insert into idempotency_key set ?', [row]);
        const answer = await send('POST', `${id}/cancel`, undefined, key);
        expect(refusal(answer)).toBe('409 IDEMPOTENCY_KEY_IN_USE');
        expect(answer.headers.get('retry-after')).toBe('1');
        await rival.commit();
      } finally {
        await rival.end();
      }
      expect(isReplayed(await send('POST', `${id}/cancel`, undefined, key))).toBe(true);
    });

    it('after the process died on the first one, find its key and its effect, or neither', async () => {
      const id = await finished();
      const key = newId();
      const child = await startChild(bed, MAIN, env);
      const rival = await mysql.createConnection({ uri: bed.sandbox.databaseUrl(SERVICE) });
      try {
        await rival.beginTransaction();
        await rival.query('select 1 from project where task_id = ? for update', [id]);
        const first = new Rest(child.url)
          .post(`/v1/projects/${id}/song`, { again: true }, { 'idempotency-key': key })
          .catch(() => undefined);
        await eventually(async () => {
          const locking = "db = database() and id <> connection_id() and info like '%for update'";
          const waiting = await bed.query(SERVICE, `select 1 from information_schema.processlist where ${locking}`);
          expect(waiting).toHaveLength(1);
        }, 40_000);
        await child.kill('SIGKILL');
        await first;
      } finally {
        await rival.rollback();
        await rival.end();
      }
      const answers = [await send('POST', `${id}/song`, { again: true }, key)];
      answers.push(await send('POST', `${id}/song`, { again: true }, key));
      expect(answers.map(answer => [answer.status, answer.body.revision, isReplayed(answer)])).toEqual([
        [202, 2, false],
        [202, 2, true],
      ]);
      expect(await orders(id)).toHaveLength(2);
    });
  });

  describe('without a key', () => {
    const commands = async (id: string) =>
      (
        await Promise.all([GenerateLyric, GenerateSong, RenderVideo].map(({ topic }) => bed.topics.read(topic)))
      ).flatMap(seen => seen.filter(({ key }) => key === id));

    it.each(['lyric', 'song', 'video'])('do not make the %s a second time, unless that is asked for', async stage => {
      const id = await finished();
      const sent = (await commands(id)).length;
      expect(refusal(await send('POST', `${id}/${stage}`, undefined))).toBe('409 STAGE_DONE');
      expect(refusal(await send('POST', `${id}/${stage}`, { again: false }))).toBe('409 STAGE_DONE');
      expect(await commands(id)).toHaveLength(sent);
      const seen = await send('POST', `${id}/${stage}`, { revision: 1 });
      expect([seen.status, seen.body.revision]).toEqual([202, 2]);
      await send('POST', `${id}/cancel`, undefined);
      expect(refusal(await send('POST', `${id}/${stage}`, undefined))).toBe('409 STAGE_DONE');
      const again = await send('POST', `${id}/${stage}`, { again: true });
      expect([again.status, again.body.revision]).toEqual([202, 3]);
    });

    it('do not sing the same own words a second time, unless that is asked for', async () => {
      const id = await order();
      const lyric = { title: 'Ours', style: 'jazz', ...words } as const;
      await tellAll(
        bed.topics,
        eventsOf(id).map(told => ('lyric' in told.event ? withLyric(told.event, lyric, told.second) : told)),
      );
      await becomes(id, { status: 'completed' });
      const body = { ...lyric, stopAfter: 'video', withoutPhotos: true };
      expect(refusal(await send('PUT', `${id}/lyric`, body))).toBe('409 STAGE_DONE');
      expect((await send('PUT', `${id}/lyric`, { ...body, title: 'Other' })).body.revision).toBe(2);
    });

    const withLyric = (event: Message, lyric: object, second: number) => ({
      event: Object.assign(event, { lyric }),
      second,
    });
  });
});
