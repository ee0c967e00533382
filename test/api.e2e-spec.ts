import { TaskFailed } from '@castad/contracts';
import { newId } from '@castad/platform';
import { eventually, refusal, Rest } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import mysql from 'mysql2/promise';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { startStudio, type ProjectView, type Studio } from './film.ts';

jest.setTimeout(240_000);

const MAX_IMAGE_BYTES = 100_000;
const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', language: 'en', music: { durationSeconds: 10 } };

interface VideoPage {
  videos: { taskId: string; href: string; posterHref: string }[];
  nextCursor?: string;
}

interface Uploaded {
  images: { assetId: string; size: number }[];
}

const json = { 'content-type': 'application/json' };
const photo = (name: string) => readFile(join(import.meta.dirname, '../examples/photos', name));

describe('the REST API', () => {
  let studio: Studio;
  let rest: Rest;
  let storage: mysql.Connection;

  beforeAll(async () => {
    const appEnv = {
      // Photos are decoded while it waits, on a busy machine too.
      gateway: { IMAGE_MAX_BYTES: String(MAX_IMAGE_BYTES), HTTP_TIMEOUT_MS: '20000' },
      'storage-service': { IMAGE_MAX_BYTES: String(MAX_IMAGE_BYTES) },
      'song-service': { SUNO_POLL_MS: '500' },
      'video-service': { CREATOMATE_POLL_MS: '500' },
    };
    studio = await startStudio({ appEnv });
    rest = new Rest(studio.system.gatewayUrl);
    storage = await mysql.createConnection(studio.sandbox.databaseUrl('storage-service'));
  });
  afterAll(async () => {
    await storage?.end();
    await studio?.close();
  });
  beforeEach(() => studio.reset());

  const draft = async (changes: object = {}) =>
    (await rest.post<ProjectView>('/v1/projects', { ...brief, ...changes })).body.taskId;
  const formOf = (...files: (Buffer | string)[]) => {
    const body = new FormData();
    files.forEach((file, i) => body.append('images', new Blob([new Uint8Array(Buffer.from(file))]), `photo-${i}.jpg`));
    return body;
  };
  const upload = (taskId: string, ...files: (Buffer | string)[]) =>
    rest.call<Uploaded>('POST', `/v1/projects/${taskId}/images`, { body: formOf(...files) });
  const tasks = async () =>
    (await rest.get<{ projects: ProjectView[] }>('/v1/projects?limit=100')).body.projects.map(({ taskId }) => taskId);

  describe('with an Idempotency-Key', () => {
    it('makes one film of a request that is sent twice', async () => {
      const key = { 'idempotency-key': newId() };
      const first = await rest.post('/v1/projects', { ...brief, run: true, withoutPhotos: true }, key);
      await studio.ended(first.body.taskId as string);
      const second = await rest.post('/v1/projects', { ...brief, run: true, withoutPhotos: true }, key);
      expect([first.status, second.status]).toEqual([202, 202]);
      expect(second.body).toEqual(first.body);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(await studio.submits('suno')).toHaveLength(1);
      expect(await studio.submits('creatomate')).toHaveLength(1);
    });

    it('makes one film of a request that is sent ten times at once', async () => {
      const key = { 'idempotency-key': newId() };
      const before = await tasks();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          rest.post<ProjectView>('/v1/projects', { ...brief, run: true, withoutPhotos: true }, key),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
      const [taskId, ...others] = new Set(answers.map(({ body }) => body.taskId));
      expect(others).toEqual([]);
      expect(await studio.ended(taskId as string)).toMatchObject({ status: 'completed', revision: 1 });
      expect((await tasks()).filter(id => !before.includes(id))).toEqual([taskId]);
      expect(await studio.submits('suno')).toHaveLength(1);
      expect(await studio.submits('creatomate')).toHaveLength(1);
    });

    it('refuses the key with another body, and takes another key with the same', async () => {
      const key = newId();
      const first = await rest.post('/v1/projects', brief, { 'idempotency-key': key });
      expect(first.status).toBe(201);
      expect(refusal(await rest.post('/v1/projects', { ...brief, region: 'Sokcho' }, { 'idempotency-key': key }))).toBe(
        '422 IDEMPOTENCY_KEY_REUSED',
      );
      const other = await rest.post('/v1/projects', brief, { 'idempotency-key': newId() });
      expect(other.body.taskId).not.toBe(first.body.taskId);
    });

    it.each([['x'.repeat(256)], ['']])('refuses the key %j', async key => {
      expect(refusal(await rest.post('/v1/projects', brief, { 'idempotency-key': key }))).toBe(
        '400 INVALID_IDEMPOTENCY_KEY',
      );
    });
  });

  describe('takes photos', () => {
    it('in their order into the render, as links to our own storage', async () => {
      const taskId = await draft();
      const [one, three, five] = await Promise.all(['01.jpg', '03.jpg', '05.jpg'].map(photo));
      const first = await upload(taskId, five as Buffer, one as Buffer);
      expect(first).toMatchObject({
        status: 201,
        body: { images: [{ contentType: 'image/jpeg' }, { contentType: 'image/jpeg' }] },
      });
      const second = await upload(taskId, three as Buffer);
      const assetIds = [...first.body.images, ...second.body.images].map(({ assetId }) => assetId);
      expect(await studio.project(taskId)).toMatchObject({ images: assetIds.map(assetId => ({ assetId })) });

      expect((await rest.post(`/v1/projects/${taskId}/run`)).status).toBe(202);
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });

      const [render] = await studio.submits('creatomate');
      expect(render?.problems).toEqual([]);
      const elements = (render?.body as { elements: { name: string; source?: string }[] }).elements;
      const photos = elements.filter(({ name }) => /^Photo-\d+$/.test(name)).map(({ source }) => source as string);
      const shown = [...new Set(photos)]; // each photo stands on a soft copy of itself
      const blobs = /BlobEndpoint=([^;]+)/.exec(studio.sandbox.env.AZURE_STORAGE_CONNECTION_STRING as string)?.[1];
      expect(shown.map(link => link.startsWith(blobs as string))).toEqual([true, true, true]);
      expect(shown.map(link => assetIds.findIndex(assetId => link.includes(assetId)))).toEqual([0, 1, 2]);
      const stored = await Promise.all(shown.map(async link => (await (await fetch(link)).arrayBuffer()).byteLength));
      expect(stored).toEqual([...first.body.images, ...second.body.images].map(({ size }) => size));
    });

    it('and lets them be listed, sorted, replaced and removed; the next film shows them so', async () => {
      const taskId = await draft();
      const [one, three, five] = await Promise.all(['01.jpg', '03.jpg', '05.jpg'].map(photo));
      const added = await upload(taskId, one as Buffer, three as Buffer, five as Buffer);
      const [a, b, c] = added.body.images.map(({ assetId }) => assetId) as [string, string, string];
      const images = `/v1/projects/${taskId}/images`;
      const arrange = (imageIds: string[]) =>
        rest.call('PUT', images, { headers: json, body: JSON.stringify({ imageIds }) });
      const shown = async () => (await rest.get<Uploaded>(images)).body.images.map(({ assetId }) => assetId);
      expect(await arrange([c, a, b])).toMatchObject({ status: 200, body: { images: [{ assetId: c }, {}, {}] } });
      for (const wrong of [[], [a, b], [a, b, b], [a, b, c, newId()]])
        expect(refusal(await arrange(wrong))).toBe('409 IMAGES_DIFFER');
      const replaced = await rest.call<Uploaded>('PUT', `${images}/${a}`, { body: formOf(five as Buffer) });
      const successor = replaced.body.images[1]?.assetId as string;
      expect(replaced).toMatchObject({ status: 200, body: { images: [{ assetId: c }, {}, { assetId: b }] } });
      expect((await rest.call('DELETE', `${images}/${c}`)).status).toBe(204);
      expect((await rest.call('DELETE', `${images}/${c}`)).status).toBe(204);
      expect(await shown()).toEqual([successor, b]);
      expect(refusal(await rest.call('PUT', `${images}/${newId()}`, { body: formOf(one as Buffer) }))).toBe(
        '404 IMAGE_NOT_FOUND',
      );
      expect((await rest.post(`/v1/projects/${taskId}/run`)).status).toBe(202);
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed', stages: [{}, {}, { stale: false }] });
      await arrange([b, successor]);
      expect(await studio.project(taskId)).toMatchObject({ stages: [{}, { stale: false }, { stale: true }] });
      expect((await rest.post(`/v1/projects/${taskId}/run`)).body).toMatchObject({ revision: 2 });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed', stages: [{}, {}, { stale: false }] });
      expect(await studio.submits('suno')).toHaveLength(1);
      expect(await studio.submits('creatomate')).toHaveLength(2);
    });

    it('while an order runs for the next one, and takes away none that the running one shows', async () => {
      await studio.fault('openai', { endpoint: '*', kind: 'delay', ms: 1_500 });
      const taskId = await draft();
      const first = await upload(taskId, await photo('01.jpg'));
      const used = first.body.images[0]?.assetId as string;
      expect(first.body).not.toHaveProperty('tooLateFor');
      await rest.post(`/v1/projects/${taskId}/run`);
      expect((await upload(taskId, await photo('03.jpg'))).body).toMatchObject({ tooLateFor: 1 });
      const remove = () => rest.call('DELETE', `/v1/projects/${taskId}/images/${used}`);
      expect(refusal(await remove())).toBe('409 IMAGE_IN_USE');
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed', stages: [{}, {}, { stale: true }] });
      expect((await remove()).status).toBe(204);
    });

    it('at least one for a film, unless none is asked for, and pays for nothing before', async () => {
      const taskId = await draft();
      const order = (what: string, body?: object) => rest.post(`/v1/projects/${taskId}/${what}`, body);
      expect(refusal(await rest.post('/v1/projects', { ...brief, run: true }))).toBe('409 PHOTOS_MISSING');
      expect(refusal(await order('run'))).toBe('409 PHOTOS_MISSING');
      expect((await studio.requests('openai', '?path=/v1/chat/completions')).count).toBe(0);
      expect((await order('run', { stopAfter: 'song' })).status).toBe(202);
      expect(await studio.ended(taskId)).toMatchObject({ status: 'waiting' });
      expect(refusal(await order('video'))).toBe('409 PHOTOS_MISSING');
      expect((await order('video', { withoutPhotos: true })).status).toBe(202);
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    });

    it('but nothing that is not an image, is too large, or is not there, and then none of the others', async () => {
      const taskId = await draft();
      const good = await photo('01.jpg');
      const heic = Buffer.concat([
        Buffer.from([0, 0, 0, 24]),
        Buffer.from('ftypheic\0\0\0\0heicmif1'),
        Buffer.alloc(500),
      ]);
      expect(refusal(await upload(taskId, good, 'GIF, perhaps'))).toBe('415 NOT_AN_IMAGE');
      expect(refusal(await upload(taskId, good, '<svg xmlns="http://www.w3.org/2000/svg"/>'))).toBe('415 NOT_AN_IMAGE');
      expect(refusal(await upload(taskId, good, ''))).toBe('415 NOT_AN_IMAGE');
      expect(refusal(await upload(taskId, good, heic))).toBe('415 IMAGE_HEIC');
      expect(refusal(await upload(taskId, good, Buffer.concat([good, Buffer.alloc(MAX_IMAGE_BYTES)])))).toBe(
        '413 IMAGE_TOO_LARGE',
      );
      expect(refusal(await upload(taskId))).toBe('400 NO_FILE');
      expect(refusal(await rest.post(`/v1/projects/${taskId}/images`, {}))).toBe('415 NOT_MULTIPART');
      expect(refusal(await rest.post(`/v1/projects/${taskId}/images`, { images: [] }))).toBe('400 INVALID_INPUT');
      expect(refusal(await upload(taskId, 'GIF, perhaps', ...Array<Buffer>(40).fill(good)))).toBe('415 NOT_AN_IMAGE');
      expect(refusal(await upload(taskId, ...Array<Buffer>(51).fill(await pixel(0))))).toBe('409 TOO_MANY_IMAGES');
      expect(await studio.project(taskId)).toMatchObject({ images: [] });
      const [assets] = await storage.query('select * from asset where task_id = ?', [taskId]);
      expect(assets).toEqual([]);
    });

    it.each([MAX_IMAGE_BYTES - 1, MAX_IMAGE_BYTES, MAX_IMAGE_BYTES + 1, 3 * MAX_IMAGE_BYTES])(
      'up to the limit and none beyond it, whichever way they come: %i bytes',
      async size => {
        const bytes = ofSize(await photo('01.jpg'), size);
        const host = createServer((request, answer) => {
          answer.writeHead(200, request.url === '/chunked' ? {} : { 'content-length': bytes.length });
          answer.end(bytes);
        });
        await once(host.listen(0, '127.0.0.1'), 'listening');
        const at = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
        const images = async () => `/v1/projects/${await draft()}/images`;
        const chunked = async (key: object) => {
          const { headers, body } = new Request(at, { method: 'POST', body: formOf(bytes) });
          const type = headers.get('content-type') as string;
          const init = {
            headers: { 'content-type': type, ...key },
            body: Readable.fromWeb(body as never),
            duplex: 'half',
          };
          return rest.call('POST', await images(), init as unknown as RequestInit);
        };
        const former = async () => {
          const form = new FormData();
          form.append('task_id', await draft());
          form.append('photo', new Blob([new Uint8Array(bytes)]), 'photo.jpg');
          return rest.call('POST', '/project/image', { body: form });
        };
        const answers = [
          await rest.call('POST', await images(), { body: formOf(bytes) }),
          await rest.call('POST', await images(), { body: formOf(bytes), headers: { 'idempotency-key': newId() } }),
          await rest.call('POST', await images(), {
            body: formOf(await photo('03.jpg'), bytes, await photo('05.jpg')),
          }),
          await chunked({}),
          await chunked({ 'idempotency-key': newId() }),
          await rest.post(await images(), { url: `${at}/announced` }),
          await rest.post(await images(), { url: `${at}/chunked` }),
          await former(),
        ];
        host.close();
        const said = answers.map(({ status, body }) => (status < 300 ? 'taken' : `${status} ${String(body.code)}`));
        expect(said).toEqual(answers.map(() => (size > MAX_IMAGE_BYTES ? '413 IMAGE_TOO_LARGE' : 'taken')));
      },
    );

    it('of a request that is sent twice, one after the other or at once, only once', async () => {
      const taskId = await draft();
      const [one, two, three] = await Promise.all(['01.jpg', '05.jpg', '03.jpg'].map(photo));
      const send = (key: string, ...files: (Buffer | undefined)[]) =>
        rest.call<Uploaded>('POST', `/v1/projects/${taskId}/images`, {
          headers: { 'idempotency-key': key },
          body: formOf(...(files as Buffer[])),
        });
      const [key, other] = [newId(), newId()];
      const first = await send(key, one, three);
      const second = await send(key, one, three);
      expect([second.status, second.body]).toEqual([201, first.body]);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      const [a, b] = await Promise.all([send(other, two), send(other, two)]);
      expect([a.status, a.body]).toEqual([201, b.body]);
      expect(refusal(await send(key, three, one))).toBe('422 IDEMPOTENCY_KEY_REUSED');
      const ids = [...first.body.images, ...a.body.images].map(({ assetId }) => assetId);
      expect(await studio.project(taskId)).toMatchObject({ images: ids.map(id => ({ id })) });
      const [assets] = await storage.query<mysql.RowDataPacket[]>('select * from asset where task_id = ?', [taskId]);
      expect(assets).toHaveLength(3);
    });

    describe('but not of an upload that breaks off', () => {
      const head = 'content-disposition: form-data; name="images"; filename="photo.jpg"\r\ncontent-type: image/jpeg';
      /** A whole photo, and the beginning of another one. */
      const half = async () => {
        const good = await photo('01.jpg');
        const begin = Buffer.from(`--b\r\n${head}\r\n\r\n`);
        return Buffer.concat([begin, good, Buffer.from('\r\n'), begin, good.subarray(0, good.length / 2)]);
      };
      const leftOf = async (taskId: string) => {
        const [assets] = await storage.query('select * from asset where task_id = ?', [taskId]);
        const { images } = (await studio.project(taskId)) as ProjectView & { images: unknown[] };
        return { assets, images };
      };
      /** What a service calls an error of its own; each logs its requests there too. */
      const errors = async (service: string) =>
        (await readFile(studio.sandbox.tree.logFile(`${service}-1`), 'utf8'))
          .split('\n')
          .filter(line => /"level":"?(50|60|error|fatal)/.test(line));

      it.each<[string, (taskId: string) => Promise<unknown>]>([
        [
          'without its end',
          async taskId => {
            const headers = { 'content-type': 'multipart/form-data; boundary=b' };
            const answer = await rest.call('POST', `/v1/projects/${taskId}/images`, { body: await half(), headers });
            expect(refusal(answer)).toBe('400 INVALID_MULTIPART');
          },
        ],
        [
          'as its client leaves',
          async taskId => {
            const socket = connect(Number(new URL(studio.system.gatewayUrl).port), '127.0.0.1');
            socket.write(
              `POST /v1/projects/${taskId}/images HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n` +
                'content-type: multipart/form-data; boundary=b\r\n\r\n',
            );
            socket.write(await half());
            await eventually(async () => expect((await leftOf(taskId)).assets).toHaveLength(1));
            socket.destroy();
          },
        ],
      ])('%s, and it is no error of ours', async (_, breakOff) => {
        const before = { gateway: await errors('gateway'), storage: await errors('storage-service') };
        const taskId = await draft();
        await breakOff(taskId);
        await eventually(async () => expect(await leftOf(taskId)).toEqual({ assets: [], images: [] }));
        expect({ gateway: await errors('gateway'), storage: await errors('storage-service') }).toEqual(before);
        expect((await upload(taskId, await photo('01.jpg'))).status).toBe(201);
      });
    });

    it('but no more than fifty', async () => {
      const taskId = await draft();
      const pixels = await Promise.all(Array.from({ length: 51 }, (_, red) => pixel(red)));
      expect((await upload(taskId, ...pixels.slice(0, 49))).status).toBe(201);
      expect(refusal(await upload(taskId, ...pixels.slice(49)))).toBe('409 TOO_MANY_IMAGES');
      expect((await upload(taskId, pixels[49] as Buffer)).status).toBe(201);
      expect(refusal(await upload(taskId, pixels[50] as Buffer))).toBe('409 TOO_MANY_IMAGES');
      expect((await upload(taskId, pixels[0] as Buffer)).status).toBe(200);
    });
  });

  describe('goes step by step', () => {
    it('by single orders, each when the one before is done', async () => {
      const taskId = await draft();
      const states: unknown[] = [];
      for (const [i, stage] of (['lyric', 'song', 'video'] as const).entries()) {
        expect(
          await rest.post(`/v1/projects/${taskId}/${stage}`, { withoutPhotos: stage === 'video' || undefined }),
        ).toMatchObject({
          status: 202,
          body: { taskId, revision: i + 1, status: 'processing' },
        });
        const { status, stages } = await studio.ended(taskId);
        states.push([status, ...stages.map(view => view.status)]);
      }
      expect(states).toEqual([
        ['waiting', 'completed', 'pending', 'pending'],
        ['waiting', 'completed', 'completed', 'pending'],
        ['completed', 'completed', 'completed', 'completed'],
      ]);
      expect(refusal(await rest.post(`/v1/projects/${taskId}/run`))).toBe('409 NOTHING_TO_DO');
      expect(await studio.submits('suno')).toHaveLength(1);
      expect(await studio.submits('creatomate')).toHaveLength(1);
    });

    it('by runs that stop where they are told, and go on from there', async () => {
      const taskId = await draft();
      expect((await rest.post(`/v1/projects/${taskId}/run`, { stopAfter: 'song' })).body).toMatchObject({
        revision: 1,
      });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'waiting' });
      expect(await studio.submits('creatomate')).toEqual([]);
      expect(refusal(await rest.post(`/v1/projects/${taskId}/run`, { stopAfter: 'lyric' }))).toBe('409 NOTHING_TO_DO');
      expect(
        (await rest.post(`/v1/projects/${taskId}/run`, { stopAfter: null, withoutPhotos: true })).body,
      ).toMatchObject({ revision: 2 });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
      expect(await studio.submits('suno')).toHaveLength(1);
    });

    it('answers an order that is running with that order, and refuses another', async () => {
      await studio.fault('openai', { endpoint: '*', kind: 'delay', ms: 1_500 });
      const taskId = await studio.order();
      const again = await Promise.all([1, 2, 3].map(() => rest.post(`/v1/projects/${taskId}/run`)));
      expect(again.map(({ status, body }) => [status, body.revision])).toEqual(Array(3).fill([202, 1]));
      expect(refusal(await rest.post(`/v1/projects/${taskId}/lyric`))).toBe('409 ORDER_RUNNING');
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed', revision: 1 });
      expect((await studio.requests('openai', '?path=/v1/chat/completions')).count).toBe(1);
    });

    it('makes a stage anew when that is asked for, and not because a request came twice', async () => {
      const taskId = await studio.order({ stopAfter: 'lyric' });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'waiting', revision: 1 });
      expect(refusal(await rest.post(`/v1/projects/${taskId}/lyric`))).toBe('409 STAGE_DONE');
      expect((await rest.post(`/v1/projects/${taskId}/lyric`, { again: true })).body).toMatchObject({ revision: 2 });
      const { stages } = await studio.ended(taskId);
      expect(stages[0]).toMatchObject({ stage: 'lyric', status: 'completed', revision: 2 });
    });
  });

  it('knows before anything is paid whether films can be made with a template', async () => {
    const order = (template: string, format = '9:16') =>
      rest.post<ProjectView>('/v1/projects', { ...brief, video: { format, template }, run: true, withoutPhotos: true });
    const before = await tasks();
    expect(refusal(await order(newId()))).toBe('409 TEMPLATE_UNKNOWN');
    expect(await tasks()).toEqual(before);
    const { body } = await order('7c1f0a52-9a16-4c1e-8a52-09160916c0de');
    expect(await studio.ended(body.taskId)).toMatchObject({ status: 'completed' });
  });

  describe('lists', () => {
    it('every project under its status, without what its stages made', async () => {
      const waiting = await studio.order({ stopAfter: 'lyric' });
      const completed = await studio.order();
      await Promise.all([studio.ended(waiting), studio.ended(completed)]);
      for (const [status, taskId] of Object.entries({ waiting, completed })) {
        const { body } = await rest.get<{ projects: ProjectView[] }>(`/v1/projects?limit=100&status=${status}`);
        expect(body.projects.every(project => project.status === status)).toBe(true);
        expect(body.projects.map(project => project.taskId)).toContain(taskId);
        expect(JSON.stringify(body)).not.toContain('"output"');
      }
    });

    it('the films, newest first, with links that lead to them', async () => {
      const first = await studio.order({ businessName: 'First Inn' });
      const second = await studio.order({ businessName: 'Second Inn', video: { format: '1:1' } });
      await Promise.all([studio.ended(first), studio.ended(second)]);
      await studio.ended(await studio.order({ stopAfter: 'song' }));
      const { body } = await rest.get<VideoPage>('/v1/videos?limit=1');
      const next = await rest.get<VideoPage>(`/v1/videos?limit=1&cursor=${body.nextCursor}`);
      expect(next.body.videos).toMatchObject([{ taskId: first }]);
      expect(body.videos).toMatchObject([
        { taskId: second, businessName: 'Second Inn', format: '1:1', size: expect.any(Number) },
      ]);
      const { href, posterHref } = body.videos[0] as { href: string; posterHref: string };
      expect([(await rest.get(href)).status, (await rest.get(posterHref)).status]).toEqual([302, 302]);
    });
  });

  describe('gives results', () => {
    it('by links of our own, with captions, and never by an address of a provider', async () => {
      const taskId = await studio.order();
      await studio.ended(taskId);
      for (const path of ['song', 'video', 'poster']) {
        const link = await studio.api(`/v1/projects/${taskId}/${path}`, { redirect: 'manual' });
        expect([link.status, link.headers.get('cache-control')]).toEqual([302, 'no-store']);
        const file = await fetch(link.headers.get('location') as string);
        expect(file.status).toBe(200);
        await file.body?.cancel();
      }
      const captions = await rest.call<string>('GET', `/v1/projects/${taskId}/captions.srt`);
      expect(captions).toMatchObject({ status: 200, type: 'application/x-subrip' });
      expect(captions.body).toMatch(/^1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n\S.*\n\n2\n/);

      const { SUNO_BASE_URL, CREATOMATE_BASE_URL } = studio.sandbox.env;
      for (const path of [`/v1/projects/${taskId}`, '/v1/projects', '/v1/videos']) {
        const answer = JSON.stringify((await rest.get(path)).body);
        for (const provider of [SUNO_BASE_URL, CREATOMATE_BASE_URL]) expect(answer).not.toContain(provider);
      }
    });
  });

  it('stands on services that say how they are', async () => {
    for (const { name, url } of studio.system.services) {
      for (const path of ['/health/live', '/health/ready', '/health/consumer'])
        expect([name, path, (await fetch(url + path)).status]).toEqual([name, path, 200]);
      const metrics = await fetch(`${url}/metrics`);
      expect(metrics.headers.get('content-type')).toContain('text/plain');
      expect(await metrics.text()).toContain('castad_messages_sent_total');
    }
  });

  describe('tells why a film failed', () => {
    it.each([
      [
        'openai',
        'POST /v1/chat/completions',
        { kind: 'refusal' },
        'lyric',
        { code: 'OPENAI_REFUSED', retryable: false },
      ],
      [
        'suno',
        'POST /api/v1/generate',
        { kind: 'job-failed', body: { status: 'SENSITIVE_WORD_ERROR' } },
        'song',
        { code: 'SUNO_SENSITIVE_WORDS', retryable: false },
      ],
      [
        'creatomate',
        'POST /v2/renders',
        { kind: 'job-failed' },
        'video',
        { code: 'CREATOMATE_RENDER_FAILED', retryable: true },
      ],
    ] as const)('when %s refuses at %s', async (provider, endpoint, fault, stage, known) => {
      await studio.fault(provider, { endpoint, ...fault });
      const taskId = await studio.order();
      const project = await studio.ended(taskId);
      const error = { ...known, reason: expect.any(String) };
      expect(project).toMatchObject({ status: 'failed', error });
      expect(project.stages.find(view => view.stage === stage)).toMatchObject({
        status: 'failed',
        error,
        endedAt: expect.any(String),
      });
      await eventually(async () => {
        const ends = (await studio.topics.read(TaskFailed.topic)).filter(({ key }) => key === taskId);
        expect(ends.map(({ type, data }) => [type, data])).toEqual([
          [TaskFailed.type, { taskId, revision: 1, stage, ...project.error }],
        ]);
      });
      expect(
        (await rest.get<{ projects: ProjectView[] }>('/v1/projects?status=failed&limit=1')).body.projects,
      ).toMatchObject([{ taskId, error }]);
    });
  });
});

/** The same picture in a file of so many bytes, none of which may be missing: comments stand at its beginning. */
function ofSize(jpeg: Buffer, size: number): Buffer {
  const comments: Buffer[] = [];
  for (let missing = size - jpeg.length; missing > 0;) {
    const length = Math.min(missing > 70_000 ? 60_000 : missing, 65_000);
    const comment = Buffer.alloc(length, ' ');
    comment.writeUInt16BE(0xfffe);
    comment.writeUInt16BE(length - 2, 2);
    comments.push(comment);
    missing -= length;
  }
  return Buffer.concat([jpeg.subarray(0, 2), ...comments, jpeg.subarray(2)]);
}

/** A PNG of one pixel. */
const pixel = (red: number): Promise<Buffer> =>
  sharp({ create: { width: 1, height: 1, channels: 3, background: { r: red, g: 0, b: 0 } } })
    .png()
    .toBuffer();
