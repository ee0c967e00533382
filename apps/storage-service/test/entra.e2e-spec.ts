import { AssetStored, StageDelayed, type StoredFile, topics } from '@castad/contracts';
import { newId } from '@castad/platform';
import {
  aRenderSucceeded,
  Authority,
  type ChildService,
  eventually,
  secureAzurite,
  startChild,
  testBed,
  type TestBed,
} from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { migrations } from '../src/migrations/index.ts';
import type { LinksResponse } from '../src/link/link.dto.ts';
import { MAX_LINK_TTL_MS } from '../src/storage-service.config.ts';
import { IdentityHost } from './identity-host.ts';
import { SourceHost, whole } from './source-host.ts';

jest.setTimeout(120_000);

const MAIN = join(import.meta.dirname, '../src/main.ts');
const SECRET = 'the-secret-of-the-services';
const fixture = (path: string) => readFile(join(import.meta.dirname, '../../../sandbox', path));
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('storage-service without an account key', () => {
  let bed: TestBed;
  let service: ChildService;
  let ca: Buffer;
  let account: string;
  let jpg: Buffer;
  let mp4: Buffer;
  const identity = new IdentityHost();
  const host = new SourceHost();

  beforeAll(async () => {
    jpg = await fixture('creatomate/fixtures/portrait.jpg');
    mp4 = await fixture('creatomate/fixtures/portrait.mp4');
    await Promise.all([identity.listen(), host.listen()]);
    identity.refuses = true;
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate('storage-service', migrations);
    const authority = new Authority(join(bed.sandbox.dir, 'tls'));
    ca = await readFile(authority.certificate);
    account = await secureAzurite(bed, authority.sign('azurite'));
    service = await startChild(bed, MAIN, {
      ...bed.env('storage-service', {
        AZURE_STORAGE_ACCOUNT: `${account}/`,
        NODE_EXTRA_CA_CERTS: authority.certificate,
        INTERNAL_SECRET: SECRET,
        HTTP_TIMEOUT_MS: '6000',
        WORKER_POLL_MS: '100',
        FETCH_PRIVATE_HOSTS: '127.0.0.1',
      }),
      ...identity.env,
    });
  });

  afterAll(async () => {
    await service?.kill('SIGTERM');
    await bed?.close();
    await Promise.all([identity.close(), host.close()]);
  });

  const call = (method: string, path: string, data: unknown, type = 'application/json') =>
    axios.request({
      method,
      url: service.url + path,
      data,
      headers: { authorization: `Bearer ${SECRET}`, 'content-type': type },
      validateStatus: () => true,
    });
  const putPhoto = (taskId: string, imageId: string) =>
    call('PUT', `/internal/images/${taskId}/${imageId}`, jpg, 'image/jpeg');
  const linkTo = async (taskId: string, asset: object, more: object = {}): Promise<URL> => {
    const { data } = await call('POST', '/internal/links', { taskId, assets: [asset], ...more });
    return new URL((data as LinksResponse).links[0]?.url ?? '');
  };
  const fetched = async (link: URL) => {
    const [answer] = (await once(get(link, { ca }), 'response')) as [IncomingMessage];
    return { status: answer.statusCode, headers: answer.headers, bytes: await buffer(answer) };
  };
  const stored = async (taskId: string): Promise<StoredFile[]> =>
    eventually(async () => {
      const told = (await bed.topics.read(topics.storageEvents.name)).filter(({ key }) => key === taskId);
      expect(told).toMatchObject([{ type: AssetStored.type }]);
      return (told[0]?.data as unknown as AssetStored).files;
    }, 60_000);

  it('says so while nobody vouches for it, and goes on by itself', async () => {
    const [taskId, imageId] = [newId(), newId()];
    expect(await putPhoto(taskId, imageId)).toMatchObject({ status: 503, data: { code: 'STORAGE_UNAUTHORIZED' } });
    const event = aRenderSucceeded({ url: host.serve('early.mp4', whole(mp4)), posterUrl: undefined });
    await bed.topics.send([event]);
    await eventually(async () => {
      const told = (await bed.topics.read(StageDelayed.topic)).filter(({ key }) => key === event.taskId);
      const detail = expect.stringContaining('Identity not found');
      expect(told.map(({ data }) => data)).toMatchObject([{ code: 'STORAGE_UNAUTHORIZED', detail }]);
    }, 30_000);
    identity.refuses = false;
    expect(await putPhoto(taskId, imageId)).toMatchObject({ status: 201 });
    // The minute is over.
    await bed.query('storage-service', 'update bucket set paused_until = now(3)');
    await bed.query('storage-service', "update asset set due_at = now(3) where status = 'ordered'");
    expect(await stored(event.taskId)).toMatchObject([{ name: 'film' }]);
  });

  it('signs links to a photo as the identity that it is, under the name it is saved by', async () => {
    const [taskId, imageId] = [newId(), newId()];
    await putPhoto(taskId, imageId);
    const contentDisposition = `attachment; filename*=UTF-8''${encodeURIComponent('바다.jpg')}`;
    const photo = { revision: 0, kind: 'image', ref: imageId, contentDisposition };
    const link = await linkTo(taskId, photo, { ttlMs: 60_000 });
    expect(link.href.startsWith(`${account}/castad/`)).toBe(true);
    expect(Object.fromEntries(link.searchParams)).toMatchObject({ sp: 'r', sr: 'b', skoid: expect.any(String) });
    const { status, headers, bytes } = await fetched(link);
    expect([status, headers['content-disposition']]).toEqual([200, contentDisposition]);
    expect(sha256(bytes)).toBe((await stored(taskId))[0]?.sha256);

    link.searchParams.set('se', '2020-01-01T00:00:00Z');
    expect((await fetched(link)).status).toBe(403);
  });

  it('says how long a link works: no longer than the key that it is signed by', async () => {
    const [taskId, imageId] = [newId(), newId()];
    await putPhoto(taskId, imageId);
    const assets = [{ revision: 0, kind: 'image', ref: imageId }];
    const { data } = await call('POST', '/internal/links', { taskId, assets, ttlMs: MAX_LINK_TTL_MS });
    const [{ url, expiresAt }] = (data as LinksResponse).links as [LinksResponse['links'][number]];
    const signed = new URL(url).searchParams;
    expect(new Date(signed.get('se') as string)).toEqual(new Date(expiresAt));
    expect(signed.get('se')).toBe(signed.get('ske'));
  });

  it('stores a film in blocks, and asks for a token once for many calls', async () => {
    const film = Buffer.concat([mp4, randomBytes(20 * 1024 * 1024)]);
    const event = aRenderSucceeded({ url: host.serve('film.mp4', whole(film)), posterUrl: undefined });
    const before = identity.asked;
    await bed.topics.send([event]);
    expect(await stored(event.taskId)).toMatchObject([{ name: 'film', sha256: sha256(film) }]);
    const link = await linkTo(event.taskId, { revision: 1, kind: 'video', ref: '9:16', name: 'film' });
    expect(sha256((await fetched(link)).bytes)).toBe(sha256(film));
    expect(identity.asked).toBe(before);
  });
});
