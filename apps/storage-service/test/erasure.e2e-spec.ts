import { AssetStored, deadLetterTopic, message, replayTopic, TaskDeleted, topics } from '@castad/contracts';
import { headersOf } from '@castad/messaging';
import { Database, newId } from '@castad/platform';
import {
  aRenderSucceeded,
  aSongReady,
  aTrack,
  blobNames,
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
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Asset } from '../src/asset/asset.entity.ts';
import { BlobClient } from '../src/azure/blob.client.ts';
import { acceptStreams } from '../src/image/accept-streams.ts';
import { migrations } from '../src/migrations/index.ts';
import { StorageServiceModule } from '../src/storage-service.module.ts';
import { AzureFront } from './azure-front.ts';
import { SourceHost, stalled, whole } from './source-host.ts';

jest.setTimeout(180_000);

const SERVICE = 'storage-service';
const MAIN = join(import.meta.dirname, '../src/main.ts');
const SECRET = 'the-secret-of-the-services';
const fixture = (path: string) => readFile(join(import.meta.dirname, '../../../sandbox', path));

describe('the files of a deleted project', () => {
  let bed: TestBed;
  let env: Record<string, string>;
  let app: NestFastifyApplication;
  let azurite: string;
  let files: { mp3: Buffer; mp4: Buffer; jpg: Buffer };
  const host = new SourceHost();
  const front = new AzureFront();

  beforeAll(async () => {
    const [mp3, mp4, jpg] = await Promise.all(
      ['suno/fixtures/loop.mp3', 'creatomate/fixtures/portrait.mp4', 'creatomate/fixtures/portrait.jpg'].map(fixture),
    );
    files = { mp3, mp4, jpg } as typeof files;
    await host.listen();
    bed = await testBed({ parts: ['kafka', 'mariadb', 'azurite'] });
    await bed.migrate(SERVICE, migrations);
    azurite = bed.sandbox.env.AZURE_STORAGE_CONNECTION_STRING as string;
    env = bed.env(SERVICE, {
      INTERNAL_SECRET: SECRET,
      HTTP_TIMEOUT_MS: '3000',
      WORKER_LEASE_MS: '4000',
      WORKER_POLL_MS: '100',
      // So long after the deletion the last look is taken.
      STORAGE_COPY_TIMEOUT_MS: '8000',
      FETCH_PRIVATE_HOSTS: '127.0.0.1',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
      AZURE_STORAGE_CONNECTION_STRING: await front.listen(azurite),
    });
    await open();
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
    await host.close();
    await front.close();
  });
  afterEach(() => front.recover());

  const open = async () => {
    app = await bootWith(env, StorageServiceModule, { http: acceptStreams });
  };
  const upload = async (taskId: string) =>
    axios.request<{ code?: string }>({
      method: 'PUT',
      url: `${await app.getUrl()}/internal/images/${taskId}/${newId()}`,
      data: files.jpg,
      headers: { authorization: `Bearer ${SECRET}`, 'content-type': 'application/octet-stream' },
      validateStatus: () => true,
    });
  const track = (answer = whole(files.mp3)) => {
    const trackId = newId();
    return aTrack({ trackId, url: host.serve(trackId, answer) });
  };
  /** Half of the song, and the rest when it is told to. */
  const held = (gate: Promise<void>) => (reply: ServerResponse) => {
    const [first, rest] = [files.mp3.subarray(0, 10_000), files.mp3.subarray(10_000)];
    reply.writeHead(200, { 'content-length': files.mp3.length }).write(first);
    void gate.then(() => reply.end(rest));
  };
  const song = (taskId: string, ...tracks: ReturnType<typeof aTrack>[]) =>
    aSongReady({ taskId, tracks, chosenTrackId: tracks[0]?.trackId });
  const film = (taskId: string) =>
    aRenderSucceeded({
      taskId,
      url: host.serve(`${taskId}.mp4`, whole(files.mp4)),
      posterUrl: host.serve(`${taskId}.jpg`, whole(files.jpg)),
    });
  const deletion = (taskId: string) => message(TaskDeleted, { taskId, revision: 1 });
  const assets = (taskId: string) =>
    bed.query<{ status: string }>(SERVICE, 'select status from asset where task_id = ?', [taskId]);
  const erasure = async (taskId: string) => {
    const sql = 'select status, tries, error_code code from erasure where task_id = ?';
    const [row] = await bed.query<{ status: string; tries: number; code: string | null }>(SERVICE, sql, [taskId]);
    return row;
  };
  const blobs = async (taskId: string) => (await blobNames(azurite)).filter(name => name.startsWith(taskId));
  const hasBlobs = (taskId: string, count: number) =>
    eventually(async () => expect(await blobs(taskId)).toHaveLength(count), 30_000);
  const areAllDone = (taskId: string, count: number) =>
    eventually(async () => {
      const statuses = (await assets(taskId)).map(({ status }) => status);
      expect(statuses).toEqual(Array(count).fill('done'));
    }, 30_000);
  const isErased = async (taskId: string) => {
    await eventually(async () => expect(await erasure(taskId)).toMatchObject({ status: 'done' }), 40_000);
    expect([await blobs(taskId), await assets(taskId)]).toEqual([[], []]);
  };
  const stored = async () => {
    const taskId = newId();
    for (let i = 0; i < 2; i++) expect((await upload(taskId)).status).toBe(201);
    await bed.topics.send([song(taskId, track(), track()), film(taskId)]);
    await areAllDone(taskId, 4);
    await hasBlobs(taskId, 6);
    return taskId;
  };
  const announced = async (taskId: string) =>
    (await bed.topics.read(topics.storageEvents.name)).filter(
      ({ key, type }) => key === taskId && type === AssetStored.type,
    );

  it('are removed at once, photos, tracks, film and poster, and those of no other', async () => {
    const [taskId, other] = [await stored(), await stored()];
    await bed.topics.send([deletion(taskId)], { times: 2 });
    await hasBlobs(taskId, 0);
    await isErased(taskId);
    expect([(await blobs(other)).length, (await assets(other)).length]).toEqual([6, 4]);
  });

  it('are never stored again, whatever is announced or uploaded later', async () => {
    const taskId = newId();
    await bed.topics.send([deletion(taskId)]);
    await eventually(async () => expect(await erasure(taskId)).toBeDefined());
    const late = track();
    const [lateSong, marker] = [song(taskId, late), song(newId(), track())];
    await bed.topics.send([lateSong, film(taskId), marker]);
    await bed.topics.sendRaw(replayTopic(SERVICE), [
      { key: taskId, value: JSON.stringify(lateSong), headers: { ...headersOf(lateSong, 'x'), castad_force: 'true' } },
    ]);
    expect(await upload(taskId)).toMatchObject({ status: 410, data: { code: 'PROJECT_DELETED' } });
    await areAllDone(marker.taskId, 1);
    await eventually(async () => expect(await bed.topics.lag(SERVICE, replayTopic(SERVICE))).toBe(0), 30_000);
    expect(host.callsFor(late.trackId)).toBe(0);
    await isErased(taskId);
    expect(await bed.topics.read(deadLetterTopic(SERVICE))).toEqual([]);
  });

  it.each([
    ['is away', 503, 'ServerBusy'],
    ['refuses the account', 403, 'AuthorizationFailure'],
  ])('are removed in the end though Azure %s for a while', async (_, status, code) => {
    const taskId = await stored();
    front.refuse(status, code);
    await bed.topics.send([deletion(taskId)]);
    await eventually(async () => expect((await erasure(taskId))?.tries).toBeGreaterThan(1), 30_000);
    expect(await erasure(taskId)).toMatchObject({ status: 'ordered', code: expect.stringMatching(/^STORAGE_/) });
    expect(await blobs(taskId)).toHaveLength(6);
    front.recover();
    await isErased(taskId);
  });

  it('are removed though the container is gone, as there are none', async () => {
    const blobsOf = app.get(BlobClient);
    const taskId = newId();
    const prefix = `${taskId}/`;
    expect(await blobsOf.removeAll(prefix)).toBe(0);
    front.refuse(404, 'ContainerNotFound');
    expect(await blobsOf.removeAll(prefix)).toBe(0);
  });

  it('are removed though one was being copied when the deletion came', async () => {
    const taskId = newId();
    const gate = Promise.withResolvers<void>();
    const slow = track(held(gate.promise));
    await bed.topics.send([song(taskId, slow), film(taskId)]);
    await eventually(
      async () => expect((await announced(taskId)).map(({ data }) => data.kind)).toEqual(['video']),
      30_000,
    );
    await eventually(() => expect(host.callsFor(slow.trackId)).toBe(1));
    await bed.topics.send([deletion(taskId)]);
    await hasBlobs(taskId, 0);
    expect(await assets(taskId)).toEqual([{ status: 'cancelled' }]);
    expect((await erasure(taskId))?.status).toBe('ordered');
    gate.resolve();
    await hasBlobs(taskId, 1);
    await isErased(taskId);
    expect((await announced(taskId)).map(({ data }) => data.kind)).toEqual(['video']);
  });

  it('are removed though a photo was being uploaded when the deletion came', async () => {
    const taskId = newId();
    const letGo = front.holdWrites();
    const uploading = upload(taskId);
    await eventually(() => expect(front.held).toBe(1));
    await bed.topics.send([deletion(taskId)]);
    await eventually(async () => expect(await erasure(taskId)).toBeDefined());
    letGo();
    await uploading;
    await isErased(taskId);
  });

  describe('when the process is killed', () => {
    let child: ChildService | undefined;
    afterAll(async () => {
      await child?.kill('SIGKILL');
    });

    it('in the middle of a copy or of their removal, are removed by the next one', async () => {
      const [copied, removed] = [newId(), await stored()];
      await app.close();
      child = await startChild(bed, MAIN, env);
      const endless = track(stalled(files.mp3));
      await bed.topics.send([song(copied, endless)]);
      await eventually(() => expect(host.callsFor(endless.trackId)).toBeGreaterThan(0), 30_000);
      front.refuse(503, 'ServerBusy');
      await bed.topics.send([deletion(copied), deletion(removed)]);
      await eventually(async () => {
        expect(await erasure(copied)).toBeDefined();
        expect((await erasure(removed))?.tries).toBeGreaterThan(0);
      }, 30_000);
      await child.kill('SIGKILL');
      child = undefined;
      front.recover();
      await open();
      await isErased(copied);
      await isErased(removed);
    });
  });

  it('come from a row that was being made when the deletion came: it is not worked on', async () => {
    const taskId = newId();
    await bed.topics.send([deletion(taskId)]);
    await isErased(taskId);
    const late = track();
    const cause = { messageId: newId(), traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };
    await app
      .get(Database)
      .transaction('background', async unit => unit.insertIfAbsent(Asset.ofSong(song(taskId, late), cause)));
    await eventually(async () => expect(await assets(taskId)).toEqual([]));
    expect(host.callsFor(late.trackId)).toBe(0);
  });
});
