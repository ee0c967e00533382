import {
  AssetFailed,
  AssetStored,
  deadLetterTopic,
  type Message,
  type MessageClass,
  SongReady,
  StageDelayed,
  type StoredFile,
  topics,
} from '@castad/contracts';
import { Database, newId } from '@castad/platform';
import {
  aPlan,
  aRenderSucceeded,
  aSongReady,
  aTrack,
  bootWith,
  type ChildService,
  eventually,
  startChild,
  testBed,
  type TestBed,
} from '@castad/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import axios from 'axios';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { crc32, deflateSync } from 'node:zlib';
import mysql from 'mysql2/promise';
import sharp from 'sharp';
import { Asset } from '../src/asset/asset.entity.ts';
import { BlobClient, type Content } from '../src/azure/blob.client.ts';
import { acceptStreams } from '../src/image/accept-streams.ts';
import type { LinksResponse } from '../src/link/link.dto.ts';
import { migrations } from '../src/migrations/index.ts';
import { StorageServiceModule } from '../src/storage-service.module.ts';
import { AzureFront } from './azure-front.ts';
import { cut, redirect, SourceHost, stalled, status, whole } from './source-host.ts';

const MIB = 1024 * 1024;
const SECRET = 'the-secret-of-the-services';
const settings = {
  INTERNAL_SECRET: SECRET,
  HTTP_TIMEOUT_MS: '6000',
  STORAGE_MAX_FILE_BYTES: String(32 * MIB),
  IMAGE_MAX_BYTES: String(8 * MIB),
  WORKER_POLL_MS: '100',
  FETCH_PRIVATE_HOSTS: '127.0.0.1',
  STORAGE_OPTIONAL_WAIT_MS: '300',
  IMAGE_FETCH_TIMEOUT_MS: '1500',
};
const fixture = (path: string) => readFile(join(import.meta.dirname, '../../../sandbox', path));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

jest.setTimeout(120_000);

describe('storage-service', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let database: Database;
  const host = new SourceHost();
  const front = new AzureFront();
  let mp3: Buffer;
  let mp4: Buffer;
  let jpg: Buffer;

  beforeAll(async () => {
    [mp3, mp4, jpg] = (await Promise.all(
      ['suno/fixtures/loop.mp3', 'creatomate/fixtures/portrait.mp4', 'creatomate/fixtures/portrait.jpg'].map(fixture),
    )) as [Buffer, Buffer, Buffer];
    await host.listen();
    bed = await testBed({ parts: ['kafka', 'mariadb', 'azurite'] });
    await bed.migrate('storage-service', migrations);
    const azure = await front.listen(bed.sandbox.env.AZURE_STORAGE_CONNECTION_STRING as string);
    const env = bed.env('storage-service', { ...settings, AZURE_STORAGE_CONNECTION_STRING: azure });
    app = await bootWith(env, StorageServiceModule, { http: acceptStreams });
    database = app.get(Database);
  }, 120_000);

  afterAll(async () => {
    await app?.close();
    await bed?.close();
    await host.close();
    await front.close();
  }, 60_000);

  afterEach(() => {
    host.calls.length = 0;
    front.recover();
  });

  const rowOf = (taskId: string) => database.read('background', em => em.findOneOrFail(Asset, { taskId }));
  const ended = (taskId: string, status: string) =>
    eventually(async () => expect(await rowOf(taskId)).toMatchObject({ status }));
  const announced = async <M extends Message>(type: MessageClass<M>, taskId: string): Promise<M[]> =>
    (await bed.topics.read(topics.storageEvents.name))
      .filter(seen => seen.key === taskId && seen.type === type.type)
      .map(seen => seen.data as unknown as M);
  const only = <M extends Message>(type: MessageClass<M>, taskId: string): Promise<M> =>
    eventually(async () => {
      const events = await announced(type, taskId);
      expect(events).toHaveLength(1);
      return events[0] as M;
    });
  const storedFiles = async (taskId: string): Promise<StoredFile[]> => {
    await ended(taskId, 'done');
    return (await only(AssetStored, taskId)).files;
  };
  const failureOf = async (taskId: string): Promise<AssetFailed> => {
    await ended(taskId, 'failed');
    return only(AssetFailed, taskId);
  };

  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    axios.request({
      method,
      url: `${await app.getUrl()}${path}`,
      data: body,
      headers: { authorization: `Bearer ${SECRET}`, ...headers },
      validateStatus: () => true,
      maxBodyLength: Infinity,
    });
  const activeJobs = async () => {
    const { data } = await call('GET', '/metrics');
    return Number(/^castad_jobs_active\{job="Asset"\} (\d+)$/m.exec(data as string)?.[1]);
  };
  const linksTo = async (taskId: string, ...assets: object[]): Promise<LinksResponse> =>
    (await call('POST', '/internal/links', { taskId, assets })).data as LinksResponse;
  const bytesAt = async (url: string) => {
    const { data, headers } = await axios.get<Buffer>(url, { responseType: 'arraybuffer' });
    return { bytes: Buffer.from(data), type: headers['content-type'] as string };
  };
  const song = (url: string, changes: Partial<SongReady> = {}) => aSongReady({ tracks: [aTrack({ url })], ...changes });

  describe('copies', () => {
    it('stores all tracks of a song, and says so once however often it is told', async () => {
      const event = aSongReady({
        tracks: [
          aTrack({ trackId: 'a', url: host.serve('a.mp3', whole(mp3)) }),
          aTrack({ trackId: 'b', url: host.serve('b.mp3', redirect(host.serve('b2.mp3', whole(mp3)))) }),
        ],
        chosenTrackId: 'a',
      });
      await bed.topics.send([event], { times: 3 });
      await bed.topics.send([event]);
      const files = await storedFiles(event.taskId);
      expect(files).toEqual(
        ['a', 'b'].map(name => ({
          name,
          path: `${event.taskId}/1/song/tracks/${name}.mp3`,
          contentType: 'audio/mpeg',
          size: mp3.length,
          sha256: sha256(mp3),
        })),
      );
      const { links } = await linksTo(event.taskId, { revision: 1, kind: 'song', ref: 'tracks' });
      expect(links.map(({ name }) => name)).toEqual(['a', 'b']);
      for (const { url } of links) expect(await bytesAt(url)).toEqual({ bytes: mp3, type: 'audio/mpeg' });
      expect(host.callsFor('a.mp3')).toBe(1);
    });

    it('stores film and poster, the large one in blocks', async () => {
      const film = Buffer.concat([mp4, randomBytes(20 * MIB)]);
      const event = aRenderSucceeded({
        url: host.serve('film.mp4', whole(film)),
        posterUrl: host.serve('film.jpg', whole(jpg)),
      });
      await bed.topics.send([event]);
      expect(await storedFiles(event.taskId)).toMatchObject([
        { name: 'film', path: `${event.taskId}/1/video/9x16/film.mp4`, size: film.length, sha256: sha256(film) },
        { name: 'poster', contentType: 'image/jpeg', size: jpg.length },
      ]);
      const { links } = await linksTo(event.taskId, { revision: 1, kind: 'video', ref: '9:16', name: 'film' });
      expect(links).toHaveLength(1);
      expect(sha256((await bytesAt((links[0] as { url: string }).url)).bytes)).toBe(sha256(film));
    });

    it('stores a preview by itself, beside the film and under a name of its own', async () => {
      const film = aRenderSucceeded({ url: host.serve('whole.mp4', whole(mp4)), posterUrl: undefined });
      const preview = aRenderSucceeded({
        ...{ taskId: film.taskId, revision: 2, preview: true },
        url: host.serve('small.mp4', whole(mp4)),
        posterUrl: host.serve('small.jpg', whole(jpg)),
      });
      await bed.topics.send([film, preview, preview]);
      const [, stored] = await eventually(async () => {
        const events = await announced(AssetStored, film.taskId);
        expect(events).toHaveLength(2);
        return events.toSorted((a, b) => a.revision - b.revision);
      });
      expect(stored).toMatchObject({
        ...{ revision: 2, kind: 'video', ref: '9:16', preview: true },
        files: [{ name: 'preview', path: `${film.taskId}/2/video/9x16/preview.mp4` }],
      });
      expect([host.callsFor('small.mp4'), host.callsFor('small.jpg')]).toEqual([1, 0]);
      const { links } = await linksTo(film.taskId, { revision: 2, kind: 'video', ref: '9:16', name: 'preview' });
      expect(links).toMatchObject([{ name: 'preview' }]);
    });

    it('says of a preview that cannot be had what it is', async () => {
      const event = aRenderSucceeded({ preview: true, url: 'http://10.0.0.1/small.mp4' });
      await bed.topics.send([event]);
      expect(await failureOf(event.taskId)).toMatchObject({ kind: 'video', code: 'SOURCE_NOT_PUBLIC', preview: true });
    });

    it('leaves nothing of a film that broke off between two blocks, and stores it when it is asked for again', async () => {
      const film = Buffer.concat([mp4, randomBytes(20 * MIB)]);
      const event = aRenderSucceeded({ url: host.serve('half.mp4', cut(film), whole(film)), posterUrl: undefined });
      await bed.topics.send([event]);
      expect(await storedFiles(event.taskId)).toMatchObject([
        { name: 'film', size: film.length, sha256: sha256(film) },
      ]);
      expect(await rowOf(event.taskId)).toMatchObject({ tries: 1 });
      expect(host.callsFor('half.mp4')).toBe(2);
    });

    const page = Buffer.from('<html>Sorry</html>');
    it.each([
      ['broke off', () => cut(mp3)],
      ['fell silent', () => stalled(mp3)],
      ['was not there yet', () => status(404)],
      ['was forbidden', () => status(403)],
      ['was refused', () => status(401)],
      ['was asked for in the wrong way', () => status(400)],
      ['was gone', () => status(441)],
      ['could not be read', () => status(503)],
      ['was a page instead', () => whole(page, 'text/html')],
      ['was a picture instead', () => whole(jpg, 'audio/mpeg')],
      ['was empty', () => whole(Buffer.alloc(0))],
    ])('asks again for a file that %s', async (_, answer) => {
      const name = `${newId()}.mp3`;
      const event = song(host.serve(name, answer(), whole(mp3)));
      await bed.topics.send([event]);
      await ended(event.taskId, 'done');
      expect(await rowOf(event.taskId)).toMatchObject({ tries: 1, files: [{ sha256: sha256(mp3) }] });
      expect(host.callsFor(name)).toBe(2);
    });

    it.each([
      ['gone', () => status(404), { code: 'SOURCE_GONE', detail: "The file's host answered 404." }],
      ['a page', () => whole(page), { code: 'SOURCE_WRONG_TYPE', detail: 'Its host sent something of no known type.' }],
    ])('asks to the end for a file that stays %s, and then says why', async (_, answer, reason) => {
      const name = `${newId()}.mp3`;
      const deadline = new Date(Date.now() + 10_000).toISOString();
      const event = song(host.serve(name, answer()), { plan: aPlan({ deadline }) });
      await bed.topics.send([event]);
      expect(await failureOf(event.taskId)).toMatchObject({ kind: 'song', ref: 'tracks', ...reason, retryable: true });
      expect(new Date(deadline).getTime()).toBeLessThanOrEqual(Date.now());
      expect(host.callsFor(name)).toBeGreaterThan(1);
      const { failed } = await linksTo(event.taskId, { revision: 1, kind: 'song', ref: 'tracks' });
      expect(failed).toMatchObject([{ revision: 1, kind: 'song', ref: 'tracks', code: reason.code }]);
    });

    it.each([
      ['too large', () => host.serve('large.mp3', whole(Buffer.alloc(33 * MIB))), 'SOURCE_TOO_LARGE', 1],
      ['inside', () => host.serve('in.mp3', whole(mp3)).replace('127.0.0.1', 'localhost'), 'SOURCE_NOT_PUBLIC', 0],
      [
        'inside, by a redirect',
        () => host.serve('by.mp3', redirect(host.serve('in.mp3', whole(mp3)).replace('127.0.0.1', '[::1]'))),
        'SOURCE_NOT_PUBLIC',
        1,
      ],
    ])('fails at once over a file that is %s', async (_, serve, code, calls) => {
      const event = song(serve());
      await bed.topics.send([event]);
      expect(await failureOf(event.taskId)).toMatchObject({ kind: 'song', ref: 'tracks', code, retryable: true });
      expect(host.calls).toHaveLength(calls);
    });

    it('does without a poster or a second track and says which, but not without the film', async () => {
      const film = aRenderSucceeded({
        url: host.serve('f.mp4', whole(mp4)),
        posterUrl: host.serve('no.jpg', status(404)),
      });
      const tracks = [
        aTrack({ trackId: 'other', url: host.serve('other.mp3', whole(jpg)) }),
        aTrack({ trackId: 'chosen', url: host.serve('chosen.mp3', whole(mp3)) }),
      ];
      const both = aSongReady({ tracks, chosenTrackId: 'chosen' });
      const second = aSongReady({
        tracks: [
          aTrack({ trackId: 'good', url: host.serve('good.mp3', whole(mp3)) }),
          aTrack({ trackId: 'chosen', url: 'http://10.0.0.1/chosen.mp3' }),
        ],
        chosenTrackId: 'chosen',
      });
      const none = aRenderSucceeded({
        url: 'http://10.0.0.1/film.mp4',
        posterUrl: host.serve('g.jpg', whole(jpg)),
      });
      await bed.topics.send([film, both, second, none]);
      const stored = async ({ taskId }: Message) => {
        await ended(taskId, 'done');
        const { files, missing } = await only(AssetStored, taskId);
        return [...files.map(({ name }) => name), ...(missing ?? []).map(({ name, code }) => `${name} ${code}`)];
      };
      expect(await stored(film)).toEqual(['film', 'poster SOURCE_GONE']);
      expect(await stored(both)).toEqual(['chosen', 'other SOURCE_WRONG_TYPE']);
      expect(await stored(second)).toEqual(['good', 'chosen SOURCE_NOT_PUBLIC']);
      const { links, failed } = await linksTo(
        second.taskId,
        { revision: 1, kind: 'song', ref: 'tracks', name: 'chosen' },
        { revision: 1, kind: 'song', ref: 'tracks', name: 'good' },
      );
      expect(links).toMatchObject([{ name: 'good' }]);
      expect(failed).toMatchObject([{ ref: 'tracks', code: 'SOURCE_NOT_PUBLIC' }]);
      expect(await failureOf(none.taskId)).toMatchObject({ kind: 'video', ref: '9:16', code: 'SOURCE_NOT_PUBLIC' });
    });

    it('has at the deadline what there is of a song', async () => {
      const tracks = [
        aTrack({ trackId: 'chosen', url: host.serve('never.mp3', status(403)) }),
        aTrack({ trackId: 'other', url: host.serve('there.mp3', whole(mp3)) }),
      ];
      const deadline = new Date(Date.now() + 8_000).toISOString();
      const event = aSongReady({ tracks, chosenTrackId: 'chosen', plan: aPlan({ deadline }) });
      await bed.topics.send([event]);
      await ended(event.taskId, 'done');
      expect(await only(AssetStored, event.taskId)).toMatchObject({
        files: [{ name: 'other' }],
        missing: [{ name: 'chosen', code: 'SOURCE_GONE' }],
      });
    });

    const film = (name: string) =>
      aRenderSucceeded({
        url: host.serve(`${name}.mp4`, whole(Buffer.concat([mp4, randomBytes(9 * MIB)]))),
        posterUrl: host.serve(`${name}.jpg`, whole(jpg)),
      });
    const putPhoto = () => call('PUT', `/internal/images/${newId()}/${newId()}`, jpg, { 'content-type': 'image/jpeg' });
    /** A refused account is tried again after what it asked for, or a minute. */
    const inMinutes = (event: Message) =>
      eventually(async () => expect(await rowOf(event.taskId)).toMatchObject({ status: 'done' }), 150_000);

    it('waits while the storage cannot be used, and goes on by itself', async () => {
      const event = film('busy');
      front.refuse(503, 'ServerBusy');
      await bed.topics.send([event]);
      await eventually(() => expect(front.refused).toBeGreaterThan(2));
      expect(await putPhoto()).toMatchObject({ status: 503, data: { code: 'STORAGE_UNAVAILABLE' } });
      front.recover();
      expect((await storedFiles(event.taskId)).map(({ name }) => name)).toEqual(['film', 'poster']);
      expect((await putPhoto()).status).toBe(201);
    });

    it('waits while the storage refuses the account, says so, and goes on by itself', async () => {
      const [event, other] = [film('refused'), film('other')];
      const toldOf = async ({ taskId }: Message) =>
        (await bed.topics.read(topics.taskEvents.name)).filter(({ key }) => key === taskId);
      const detail = expect.any(String) as unknown;
      const delay = { type: StageDelayed.type, data: { stage: 'video', code: 'STORAGE_UNAUTHORIZED', detail } };
      const begun = Date.now();
      front.refuse(403, 'AuthenticationFailed', '5');
      await bed.topics.send([event]);
      await eventually(async () => expect(await toldOf(event)).toMatchObject([delay]));
      expect(await putPhoto()).toMatchObject({ status: 503, data: { code: 'STORAGE_UNAUTHORIZED' } });
      await bed.topics.send([other]);
      await eventually(async () => expect(await toldOf(other)).toMatchObject([delay]));
      // After each pause one of the two tries the account again.
      const pauses = Math.floor((Date.now() - begun) / 5_000);
      expect(host.callsFor('other.mp4')).toBeLessThanOrEqual(pauses);
      front.recover();
      await Promise.all([event, other].map(inMinutes));
      expect((await storedFiles(event.taskId)).map(({ name }) => name)).toEqual(['film', 'poster']);
    }, 180_000);

    it('does not remove what another process has stored since its lease was lost', async () => {
      const waiting: (() => void)[] = [];
      const url = host.serve('late.mp3', (reply, call) => void waiting.push(() => whole(mp3)(reply, call)));
      const event = song(url);
      await bed.topics.send([event]);
      await eventually(() => expect(waiting).toHaveLength(1));
      await eventually(async () => expect(await activeJobs()).toBe(1));
      const path = `${event.taskId}/1/song/tracks/track-1.mp3`;
      const theirs = Buffer.from('what the other one has stored');
      await app.get(BlobClient).write(path, 'audio/mpeg', contentOf(theirs));
      await bed.query('storage-service', "update asset set lease_owner = 'theirs' where task_id = ?", [event.taskId]);
      waiting.forEach(release => release());
      await eventually(async () => expect(await activeJobs()).toBe(0));
      expect((await bytesAt((await app.get(BlobClient).link(path, 60_000)).url)).bytes).toEqual(theirs);
    });

    it('asks nobody for the files of an order whose time is over', async () => {
      const past = song(host.serve('past.mp3', whole(mp3)), { plan: aPlan({ deadline: '2020-01-01T00:00:00.000Z' }) });
      await bed.topics.send([past]);
      await ended(past.taskId, 'expired');
      expect(host.callsFor('past.mp3')).toBe(0);
      expect(await announced(AssetFailed, past.taskId)).toHaveLength(0);
    });

    it('meets what an earlier attempt wrote: the same content stays, other content is replaced', async () => {
      const blobs = app.get(BlobClient);
      const write = (path: string, bytes: Buffer) => blobs.write(path, 'audio/mpeg', contentOf(bytes));
      const same = song(host.serve('same.mp3', whole(mp3)));
      const other = song(host.serve('other-content.mp3', whole(mp3)));
      await write(`${same.taskId}/1/song/tracks/track-1.mp3`, mp3);
      await write(`${other.taskId}/1/song/tracks/track-1.mp3`, Buffer.from('left over'));
      await bed.topics.send([same, other]);
      await ended(same.taskId, 'done');
      await ended(other.taskId, 'done');
      expect(host.callsFor('same.mp3')).toBe(1);
      const { links } = await linksTo(other.taskId, { revision: 1, kind: 'song', ref: 'tracks' });
      expect((await bytesAt((links[0] as { url: string }).url)).bytes).toEqual(mp3);
    });

    it('copies five files at once and never more', async () => {
      const answer = whole(mp3);
      const waiting: (() => void)[] = [];
      let isHolding = true;
      const held = () => (reply: ServerResponse, call: IncomingMessage) =>
        isHolding ? void waiting.push(() => answer(reply, call)) : answer(reply, call);
      const events = Array.from({ length: 12 }, (_, i) => song(host.serve(`held-${i}.mp3`, held())));
      host.mostBusy = 0;
      await bed.topics.send(events);
      await eventually(() => expect(waiting).toHaveLength(5));
      isHolding = false;
      waiting.forEach(release => release());
      await Promise.all(events.map(({ taskId }) => ended(taskId, 'done')));
      expect(host.mostBusy).toBe(5);
    });

    it('dead-letters a message that it cannot read, and goes on', async () => {
      const event = song(host.serve('after.mp3', whole(mp3)));
      const headers = { ce_id: newId(), ce_type: SongReady.type, ce_subject: event.taskId };
      await bed.topics.sendRaw(SongReady.topic, [{ key: event.taskId, value: '{"tracks":', headers }]);
      await bed.topics.send([event]);
      await ended(event.taskId, 'done');
      const dead = await eventually(async () => {
        const seen = await bed.topics.read(deadLetterTopic('storage-service'));
        expect(seen).toHaveLength(1);
        return seen[0];
      });
      expect(dead?.key).toBe(event.taskId);
    });
  });

  describe('uploads', () => {
    const put = (taskId: string, imageId: string, body: Buffer | Readable, type = 'image/jpeg') =>
      call('PUT', `/internal/images/${taskId}/${imageId}`, body, { 'content-type': type });

    const photoOf = async (taskId: string, imageId: string) => {
      const { links } = await linksTo(taskId, { revision: 0, kind: 'image', ref: imageId });
      return bytesAt((links[0] as { url: string }).url);
    };

    it('stores a photo, announces it once, and answers a repeat alike', async () => {
      const [taskId, imageId] = [newId(), newId()];
      const first = await put(taskId, imageId, jpg);
      expect(first).toMatchObject({
        status: 201,
        data: { imageId, contentType: 'image/jpeg', width: 180, height: 320, original: sha256(jpg) },
      });
      const again = await put(taskId, imageId, Readable.from([jpg.subarray(0, 10), jpg.subarray(10)]), 'image/png');
      expect(again).toMatchObject({ status: 201, data: first.data });
      const { bytes, type } = await photoOf(taskId, imageId);
      const { size, sha256: hash } = first.data as { size: number; sha256: string };
      expect({ type, size, hash }).toEqual({ type: 'image/jpeg', size: bytes.length, hash: sha256(bytes) });
      expect(await storedFiles(taskId)).toMatchObject([
        { name: 'photo', path: `${taskId}/images/${imageId}.jpg`, size, sha256: hash },
      ]);
      expect(await announced(AssetStored, taskId)).toHaveLength(1);
    });

    it('stores it upright and without a word about where it was taken', async () => {
      const [taskId, imageId] = [newId(), newId()];
      const gps = { IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '37/1 45/1 0/1' }, IFD0: { Artist: 'canary' } };
      const sent = await sharp(jpg).withExif(gps).withMetadata({ orientation: 6 }).toBuffer();
      expect(sent.includes('canary')).toBe(true);
      expect((await put(taskId, imageId, sent)).data).toMatchObject({ width: 320, height: 180 });
      const { bytes } = await photoOf(taskId, imageId);
      const { exif, orientation, width } = await sharp(bytes).metadata();
      expect({ exif, orientation, width }).toEqual({ exif: undefined, orientation: undefined, width: 320 });
    });

    it('stores a large photo, and more at once than are held in memory', async () => {
      const large = Buffer.concat([jpg, randomBytes(6 * MIB)]);
      const size = { width: 180, height: 320 };
      expect(await put(newId(), newId(), Readable.from(large))).toMatchObject({ status: 201, data: size });
      // A client repeats what a busy machine could not store in time.
      const stored = async () => expect(await put(newId(), newId(), jpg)).toMatchObject({ status: 201, data: size });
      await Promise.all(Array.from({ length: 20 }, () => eventually(stored)));
    });

    it('keeps a photo that is uploaded again while it is removed', async () => {
      const [taskId, imageId] = [newId(), newId()];
      await put(taskId, imageId, jpg);
      const [file] = await storedFiles(taskId);
      const { path } = file as StoredFile;
      const remove = () => call('DELETE', `/internal/images/${taskId}/${imageId}`);
      const again = Buffer.from('written by the upload that came between');
      await app.get(BlobClient).remove(path);
      await app.get(BlobClient).write(path, 'image/jpeg', contentOf(again));
      expect((await remove()).status).toBe(204);
      expect((await bytesAt((await app.get(BlobClient).link(path, 60_000)).url)).bytes).toEqual(again);
    });

    it('answers a repeat of a photo that an earlier version stored as it came', async () => {
      const [taskId, imageId] = [newId(), newId()];
      await put(taskId, imageId, jpg);
      const files = JSON.stringify([
        { name: 'photo', path: 'x.jpg', contentType: 'image/jpeg', size: jpg.length, sha256: sha256(jpg) },
      ]);
      const sql = 'update asset set photo = null, files = ? where task_id = ?';
      await bed.query('storage-service', sql, [files, taskId]);
      expect(await put(taskId, imageId, jpg)).toMatchObject({ status: 201, data: { imageId, sha256: sha256(jpg) } });
      const other = Buffer.concat([jpg, Buffer.from('x')]);
      expect(await put(taskId, imageId, other)).toMatchObject({ status: 409, data: { code: 'IMAGE_EXISTS' } });
    });

    describe('by their address', () => {
      const fetchPhoto = (taskId: string, imageId: string, url: string) =>
        call('POST', `/internal/images/${taskId}/${imageId}`, { url });

      it('are fetched through redirects, whatever their host calls them, and stored as others', async () => {
        const [taskId, imageId] = [newId(), newId()];
        const moved = host.serve('moved', redirect(host.serve('photo', whole(jpg, 'text/html'))));
        const sent = await put(taskId, newId(), jpg);
        const { imageId: other } = sent.data as { imageId: string };
        const fetched = await fetchPhoto(taskId, imageId, moved);
        expect(fetched).toMatchObject({ status: 201, data: { ...(sent.data as object), imageId } });
        expect((await photoOf(taskId, imageId)).bytes).toEqual((await photoOf(taskId, other)).bytes);
      });

      it.each<[string, number, string, () => string]>([
        ['nothing', 400, 'IMAGE_URL_UNREADABLE', () => host.serve('gone', status(404))],
        ['a refusal', 400, 'IMAGE_URL_UNREADABLE', () => host.serve('no', status(401))],
        ['an error', 400, 'IMAGE_URL_UNREADABLE', () => host.serve('broken', status(500))],
        ['no host', 400, 'IMAGE_URL_UNREADABLE', () => 'http://127.0.0.1:1/x.jpg'],
        ['a host of ours', 400, 'IMAGE_URL_NOT_PUBLIC', () => 'http://127.0.0.2:1/x.jpg'],
        ['a name of ours', 400, 'IMAGE_URL_NOT_PUBLIC', () => 'http://localhost:1/x.jpg'],
        ['a way inside', 400, 'IMAGE_URL_NOT_PUBLIC', () => host.serve('in', redirect('http://169.254.169.254/'))],
        ['a file', 400, 'IMAGE_URL_NOT_PUBLIC', () => 'file:///etc/passwd'],
        ['a web page', 415, 'NOT_AN_IMAGE', () => host.serve('page', whole(Buffer.from('<html></html>')))],
        ['too much', 413, 'IMAGE_TOO_LARGE', () => host.serve('big', whole(Buffer.alloc(9 * MIB)))],
        ['half of it', 400, 'IMAGE_INCOMPLETE', () => host.serve('half', cut(jpg))],
        ['its beginning, then silence', 408, 'IMAGE_TOO_SLOW', () => host.serve('slow', stalled(jpg))],
        ['silence', 400, 'IMAGE_URL_UNREADABLE', () => host.serve('silent', () => undefined)],
      ])('are refused in time where there is %s, and nothing of it is told', async (_, status, code, url) => {
        const taskId = newId();
        const { status: answered, data } = await fetchPhoto(taskId, newId(), url());
        const { requestId, ...told } = data as { code: string; requestId: string };
        expect([answered, told.code]).toEqual([status, code]);
        expect(requestId).toEqual(expect.any(String));
        expect(JSON.stringify(told)).not.toMatch(/127|169|ECONN|localhost|passwd|401|404|500/);
        expect(await database.read('background', em => em.count(Asset, { taskId }))).toBe(0);
      });
    });

    const heic = Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), Buffer.alloc(100)]);
    it.each([
      ['HEIC', () => heic, 415, 'IMAGE_HEIC'],
      ['a song', () => mp3, 415, 'NOT_AN_IMAGE'],
      ['text', () => Buffer.from('hello'), 415, 'NOT_AN_IMAGE'],
      ['nothing', () => Buffer.alloc(0), 415, 'NOT_AN_IMAGE'],
      ['an announced size too large', () => Buffer.concat([jpg, Buffer.alloc(9 * MIB)]), 413, 'IMAGE_TOO_LARGE'],
      [
        'a size too large that was not announced',
        () => Readable.from([jpg, Buffer.alloc(9 * MIB), Buffer.alloc(9 * MIB)]),
        413,
        'IMAGE_TOO_LARGE',
      ],
      ['too many pixels', () => pngOf(20_000, 20_000), 413, 'IMAGE_TOO_LARGE'],
      ['a photo that was cut off', () => jpg.subarray(0, jpg.length * 0.6), 400, 'IMAGE_UNREADABLE'],
    ])('refuses %s', async (_, body, code, problem) => {
      const [taskId, imageId] = [newId(), newId()];
      const { status, data, headers } = await put(taskId, imageId, body());
      expect({ status, code: data.code }).toEqual({ status: code, code: problem });
      expect(headers['content-type']).toMatch('application/problem+json');
      const { missing } = await linksTo(taskId, { revision: 0, kind: 'image', ref: imageId });
      expect(missing).toHaveLength(1);
    });

    it('reads what it has refused to its end: whoever is sending sees the answer, and goes on', async () => {
      const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1').setEncoding('latin1');
      const answers: string[] = [];
      socket.on('data', (text: string) =>
        answers.push(...[...text.matchAll(/^HTTP\/1.1 (\d+)/gm)].map(([, code]) => code as string)),
      );
      const head = (size: number) =>
        `PUT /internal/images/${newId()}/${newId()} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${SECRET}\r\n` +
        `content-type: image/jpeg\r\ncontent-length: ${size}\r\n\r\n`;
      const send = promisify((bytes: Buffer, done: (error?: Error | null) => void) => void socket.write(bytes, done));
      for (const body of [Buffer.alloc(7 * MIB), Buffer.alloc(20 * MIB), jpg])
        await send(Buffer.concat([Buffer.from(head(body.length)), body]));
      await eventually(() => expect(answers).toEqual(['415', '413', '201']));
      socket.destroy();
    });

    it('refuses another image under the id of one that is there', async () => {
      const [taskId, imageId] = [newId(), newId()];
      await put(taskId, imageId, jpg);
      const other = Buffer.concat([jpg, Buffer.from('x')]);
      expect(await put(taskId, imageId, other)).toMatchObject({ status: 409, data: { code: 'IMAGE_EXISTS' } });
    });

    it('keeps nothing of an upload that breaks off', async () => {
      const [taskId, imageId] = [newId(), newId()];
      const broken = Readable.from(
        (async function* () {
          yield jpg;
          throw new Error('gone');
        })(),
      );
      await expect(put(taskId, imageId, broken)).rejects.toThrow();
      expect((await put(taskId, imageId, jpg)).status).toBe(201);
    });

    it('removes a photo, and again', async () => {
      const [taskId, imageId] = [newId(), newId()];
      await put(taskId, imageId, jpg);
      const { links } = await linksTo(taskId, { revision: 0, kind: 'image', ref: imageId });
      for (let round = 0; round < 2; round++)
        expect((await call('DELETE', `/internal/images/${taskId}/${imageId}`)).status).toBe(204);
      const url = (links[0] as { url: string }).url;
      expect((await axios.get(url, { validateStatus: () => true })).status).toBe(404);
      expect(await linksTo(taskId, { revision: 0, kind: 'image', ref: imageId })).toMatchObject({ links: [] });
    });

    it('lets nobody in without the secret, and nothing that has no image', async () => {
      const path = `/internal/images/${newId()}/${newId()}`;
      const wrong = { authorization: 'Bearer wrong', 'content-type': 'image/jpeg' };
      expect(await call('PUT', path, jpg, wrong)).toMatchObject({ status: 401, data: { code: 'UNAUTHORIZED' } });
      expect(await call('POST', '/internal/links', {}, wrong)).toMatchObject({ status: 401 });
      expect(await call('PUT', path, { a: 1 })).toMatchObject({ status: 415, data: { code: 'NOT_AN_IMAGE' } });
      expect(await call('PUT', '/internal/images/a/b', jpg, { 'content-type': 'image/jpeg' })).toMatchObject({
        status: 400,
        data: { code: 'INVALID_INPUT' },
      });
    });
  });

  describe('links', () => {
    const tracks = { revision: 1, kind: 'song', ref: 'tracks' };
    const storedSong = async (name: string) => {
      const event = song(host.serve(name, whole(mp3)));
      await bed.topics.send([event]);
      await ended(event.taskId, 'done');
      return event;
    };

    it('offer the file as they are told, to HEAD and to Range too, and end', async () => {
      const { taskId } = await storedSong('named.mp3');
      const contentDisposition = `inline; filename="song.mp3"; filename*=UTF-8''${encodeURIComponent('바다의 노래.mp3')}`;
      const { links } = await linksTo(taskId, { ...tracks, contentDisposition });
      const [{ url, expiresAt }] = links as [LinksResponse['links'][number]];
      expect(new Date(new URL(url).searchParams.get('se') as string)).toEqual(new Date(expiresAt));
      const head = await axios.head(url);
      expect(head.headers).toMatchObject({
        'content-type': 'audio/mpeg',
        'content-length': String(mp3.length),
        'content-disposition': contentDisposition,
      });
      const part = await axios.get<Buffer>(url, { headers: { range: 'bytes=100-199' }, responseType: 'arraybuffer' });
      expect([part.status, part.headers['content-range'], part.headers['content-disposition']]).toEqual([
        206,
        `bytes 100-199/${mp3.length}`,
        contentDisposition,
      ]);
      expect(Buffer.from(part.data)).toEqual(mp3.subarray(100, 200));
      const past = new URL(url);
      past.searchParams.set('se', '2020-01-01T00:00:00Z');
      expect((await axios.get(past.href, { validateStatus: () => true })).status).toBe(403);
    });

    it('lead to the files of several tasks at once', async () => {
      const [one, other] = [await storedSong('one.mp3'), await storedSong('other.mp3')];
      const assets = [one, other].map(({ taskId }) => ({ taskId, ...tracks }));
      const { data } = await call('POST', '/internal/links', { assets: [...assets, { taskId: newId(), ...tracks }] });
      expect((data as LinksResponse).links.map(({ taskId }) => taskId)).toEqual([one.taskId, other.taskId]);
      expect((data as LinksResponse).missing).toHaveLength(1);
      expect(await call('POST', '/internal/links', { assets: [tracks] })).toMatchObject({
        status: 400,
        data: { code: 'TASK_MISSING' },
      });
    });

    it('refuse what is not a question', async () => {
      const broken = { ...tracks, contentDisposition: 'inline\r\nset-cookie: a=b' };
      for (const body of [
        { taskId: newId(), assets: [broken] },
        {},
        { taskId: 'x', assets: [] },
        { taskId: newId(), assets: [{ kind: 'film' }] },
      ])
        expect(await call('POST', '/internal/links', body)).toMatchObject({
          status: 400,
          data: { code: 'INVALID_INPUT' },
        });
    });
  });

  describe('killed', () => {
    let service: ChildService;
    let administrator: mysql.Connection;

    const start = async () => {
      service = await startChild(bed, join(import.meta.dirname, '../src/main.ts'), {
        ...bed.env('storage-service', settings),
        WORKER_LEASE_MS: '3500',
        HTTP_TIMEOUT_MS: '3000',
        KAFKA_SESSION_TIMEOUT_MS: '6000',
      });
    };
    const isWaiting = (statement: string) =>
      eventually(async () => {
        const sql = "select * from information_schema.processlist where state like 'Waiting for%' and info like ?";
        expect(await bed.query('storage-service', sql, [`${statement}%`])).not.toEqual([]);
      });
    const isStored = ({ taskId }: SongReady) =>
      eventually(async () => {
        const [row] = await bed.query('storage-service', 'select status from asset where task_id = ?', [taskId]);
        expect(row).toEqual({ status: 'done' });
      });

    beforeAll(async () => {
      await app.close();
      administrator = await mysql.createConnection({ uri: bed.sandbox.env.MYSQL_URL, database: 'castad_storage' });
      await start();
    });

    afterAll(async () => {
      await administrator?.end();
      await service?.kill('SIGTERM');
    });

    it('in the middle of a message, it handles it again', async () => {
      const event = song(host.serve('again.mp3', whole(mp3)));
      await administrator.query('lock tables inbox write');
      await bed.topics.send([event]);
      await isWaiting('select id from inbox');
      await service.kill('SIGKILL');
      await administrator.query('unlock tables');
      await start();
      await isStored(event);
      expect(host.callsFor('again.mp3')).toBe(1);
    });

    it('with a copy that was not saved, it finds the copy and says so once', async () => {
      const event = song(host.serve('unsaved.mp3', whole(mp3)));
      await administrator.query('lock tables outbox write');
      await bed.topics.send([event]);
      await isWaiting('insert into `outbox`');
      await service.kill('SIGKILL');
      await administrator.query('unlock tables');
      await start();
      await isStored(event);
      expect((await only(AssetStored, event.taskId)).files).toMatchObject([{ sha256: sha256(mp3) }]);
      expect(host.callsFor('unsaved.mp3')).toBe(2);
    });
  });
});

const contentOf = (whole: Buffer): Content => ({
  whole,
  size: whole.length,
  sha256: sha256(whole),
  chunks: () => Readable.from(whole),
});

/** A whole, black PNG of this size. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc(height * (Math.ceil(width / 8) + 1)));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}
