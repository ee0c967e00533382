import { eventually, refusal, Rest } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(180_000);

interface Link {
  url: string;
  expiresAt: string;
}

interface Uploaded {
  images: { assetId: string; size: number }[];
}

const DAY_MS = 24 * 3_600_000;
const photo = (name: string) => readFile(join(import.meta.dirname, '../examples/photos', name));
const json = { 'content-type': 'application/json' };

describe('results', () => {
  let studio: Studio;
  let rest: Rest;

  beforeAll(async () => {
    const appEnv = {
      gateway: { HTTP_TIMEOUT_MS: '20000' },
      'song-service': { SUNO_POLL_MS: '500' },
      'video-service': { CREATOMATE_POLL_MS: '500' },
    };
    studio = await startStudio({ appEnv });
    rest = new Rest(studio.system.gatewayUrl);
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  describe('of a film in Korean', () => {
    let project: string;

    beforeAll(async () => {
      const taskId = await studio.order({ businessName: '바다/민박', region: '강릉', language: 'ko' });
      expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
      project = `/v1/projects/${taskId}`;
    });

    it.each([
      ['video', '바다 민박-1-9x16.mp4', 'video-1-9x16.mp4', 'video/mp4'],
      ['poster', '바다 민박-1-9x16.jpg', 'poster-1-9x16.jpg', 'image/jpeg'],
      ['song', '바다 민박-1.mp3', 'song-1.mp3', 'audio/mpeg'],
    ])('are %s by a link, to show or to save, under a name of its own', async (path, name, fallback, type) => {
      const named = `filename=${fallback}; filename*=UTF-8''${encodeURIComponent(name)}`;
      const shown = await rest.get(`${project}/${path}`);
      expect([shown.status, shown.headers.get('cache-control')]).toEqual([302, 'no-store']);
      const url = shown.headers.get('location') as string;
      const file = await fetch(url);
      expect([file.status, file.headers.get('content-type')]).toEqual([200, type]);
      expect(file.headers.get('content-disposition')).toBe(`inline; ${named}`);
      const size = (await file.arrayBuffer()).byteLength;

      const saved = await rest.get<Link>(`${project}/${path}?as=json&download=true`);
      expect([saved.status, saved.type, saved.headers.get('cache-control')]).toEqual([
        200,
        'application/json',
        'no-store',
      ]);
      const head = await fetch(saved.body.url, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)]);
      expect(head.headers.get('content-disposition')).toBe(`attachment; ${named}`);

      // Followed as a player follows it.
      const player = { headers: { range: 'bytes=2-11' } };
      const part = await fetch(`${studio.system.gatewayUrl}${project}/${path}`, player);
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 2-11/${size}`]);
      expect((await part.arrayBuffer()).byteLength).toBe(10);
      const asked = await fetch(`${studio.system.gatewayUrl}${project}/${path}`, { method: 'HEAD' });
      expect([asked.status, asked.headers.get('content-type')]).toEqual([200, type]);
      const redirect = await rest.call('HEAD', `${project}/${path}`);
      expect([redirect.status, redirect.headers.has('location')]).toEqual([302, true]);
    });

    it('are links that work as long as is asked for, within bounds', async () => {
      const endOf = async (query: string) => {
        const { body } = await rest.get<Link>(`${project}/video?as=json${query}`);
        const signed = new URL(body.url).searchParams.get('se') as string;
        expect(new Date(signed).getTime()).toBeGreaterThanOrEqual(new Date(body.expiresAt).getTime());
        return new Date(body.expiresAt).getTime() - Date.now();
      };
      const about = (ms: number, expected: number) => expect(Math.abs(ms - expected)).toBeLessThan(60_000);
      about(await endOf(''), 3_600_000);
      about(await endOf('&expiresIn=86400'), DAY_MS);
      about(await endOf('&expiresIn=604800'), 7 * DAY_MS);
      const { body } = await rest.get<Link>(`${project}/song?as=json&expiresIn=1`);
      await eventually(async () => expect((await fetch(body.url)).status).toBe(403));
      for (const [query, expected] of [
        ['expiresIn=604801', '400 EXPIRES_IN_TOO_LONG'],
        ['expiresIn=0', '400 INVALID_INPUT'],
        ['expiresIn=long', '400 INVALID_INPUT'],
        ['as=xml', '400 INVALID_INPUT'],
        ['download=perhaps', '400 INVALID_INPUT'],
      ])
        expect(refusal(await rest.get(`${project}/video?${query}`))).toBe(expected);
    });

    it.each([
      ['srt', 'application/x-subrip', /^1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n\p{Script=Hangul}.*\n\n2\n/u],
      ['vtt', 'text/vtt', /^WEBVTT\n\n00:00:\d\d\.\d{3} --> 00:00:\d\d\.\d{3}\n\p{Script=Hangul}/u],
      ['lrc', 'text/plain', /^\[ti:.+\]\n\[ar:바다\/민박\]\n\[00:\d\d\.\d\d\]\p{Script=Hangul}/u],
    ])('are captions as %s, of the song and of the film', async (form, type, text) => {
      for (const path of [`captions.${form}`, `video/captions.${form}`]) {
        const { headers, ...captions } = await rest.call<string>('GET', `${project}/${path}?download=true`);
        expect(captions).toEqual({ status: 200, type, body: expect.stringMatching(text) });
        expect([headers.get('content-type'), headers.get('content-language')]).toEqual([
          `${type}; charset=utf-8`,
          'ko',
        ]);
        expect(headers.get('content-disposition')).toContain(encodeURIComponent(`바다 민박-1.${form}`));
        expect((await rest.call('HEAD', `${project}/${path}`)).status).toBe(200);
      }
    });

    it('are lines that no piece of the aligned words can put off, cut by syllable and unsure as they may be', async () => {
      const linesOf = async (taskId: string) =>
        (await (await studio.api(`/v1/projects/${taskId}/captions.lrc`)).text())
          .split('\n')
          .filter(line => /\]./.test(line));
      for (const kind of ['aligned-syllables', 'aligned-unsure']) {
        await studio.fault('suno', { endpoint: '*', kind });
        const taskId = await studio.order({ language: 'ko', stopAfter: 'song' });
        await studio.ended(taskId);
        const { stages } = (await studio.project(taskId)) as unknown as {
          stages: { output: { sections: { lines: string[] }[] } }[];
        };
        const written = stages[0]?.output.sections.flatMap(({ lines }) => lines) ?? [];
        const timed = (await linesOf(taskId)).map(line => line.replace(/^\[.*?\]/, ''));
        expect(timed).toEqual(written);
        await studio.calm();
      }
    });
  });

  describe('in lists', () => {
    const filmIn = async (changes: object) => {
      const taskId = await studio.order(changes);
      await studio.ended(taskId);
      return taskId;
    };

    it('are those that are asked for, page by page', async () => {
      const from = new Date().toISOString();
      const one = await filmIn({ language: 'ja', video: { format: '1:1' } });
      const two = await filmIn({ language: 'ja' });
      const song = await filmIn({ language: 'zh', stopAfter: 'song' });
      const to = new Date(Date.now() + 60_000).toISOString();
      const videos = async (query: string) =>
        (await rest.get<{ videos: { taskId: string }[] }>(`/v1/videos?${query}`)).body.videos.map(
          ({ taskId }) => taskId,
        );
      const songs = async (query: string) =>
        (await rest.get<{ songs: { projectId: string }[] }>(`/v1/songs?${query}`)).body.songs.map(
          ({ projectId }) => projectId,
        );
      expect(await videos(`from=${from}`)).toEqual([two, one]);
      expect(await songs(`from=${from}&to=${to}`)).toEqual([song, two, one]);
      expect(await songs(`to=${from}&language=zh`)).toEqual([]);
      expect(await videos(`from=${to}`)).toEqual([]);
      expect([await videos('language=ja'), await songs('language=ja')]).toEqual([
        [two, one],
        [two, one],
      ]);
      expect(await songs('language=zh')).toEqual([song]);
      expect(await videos('format=1:1')).toEqual([one]);
      expect([await videos('language=ja&format=1:1'), await videos('language=zh')]).toEqual([[one], []]);
      expect([await videos(`projectId=${one}`), await videos(`projectId=${song}`)]).toEqual([[one], []]);
      expect(await songs(`projectId=${one}&language=zh`)).toEqual([]);

      type Page = { songs: { projectId: string }[]; hasMore: boolean; nextCursor?: string };
      const first = (await rest.get<Page>(`/v1/songs?limit=2&from=${from}`)).body;
      expect(first).toMatchObject({ songs: [{ projectId: song }, { projectId: two }], hasMore: true });
      const last = (await rest.get<Page>(`/v1/songs?limit=2&from=${from}&cursor=${first.nextCursor}`)).body;
      expect([last.songs.map(({ projectId }) => projectId), last.hasMore, last.nextCursor]).toEqual([
        [one],
        false,
        undefined,
      ]);
      expect(last.songs[0]).toMatchObject({
        language: 'ja',
        href: `/v1/projects/${one}/song`,
        size: expect.any(Number),
      });
      for (const query of ['from=yesterday', 'to=2026-02-31T00:00:00Z', 'projectId=7', 'language=xx'])
        expect(refusal(await rest.get(`/v1/songs?${query}`))).toBe('400 INVALID_INPUT');
      expect(refusal(await rest.get('/v1/videos?format=4:3'))).toBe('400 INVALID_INPUT');
    });
  });

  describe('have photos', () => {
    const draft = async () => {
      const { body } = await rest.post('/v1/projects', { businessName: '바다민박', region: '강릉' });
      return `/v1/projects/${body.taskId as string}/images`;
    };
    const upload = (images: string, ...files: Buffer[]) => {
      const body = new FormData();
      for (const file of files) body.append('images', new Blob([new Uint8Array(file)]), 'photo.jpg');
      return rest.call<Uploaded>('POST', images, { body });
    };
    const idsIn = ({ body }: { body: Uploaded }) => body.images.map(({ assetId }) => assetId);
    const stored = async (images: string) => {
      const storage = await mysql.createConnection(studio.sandbox.databaseUrl('storage-service'));
      try {
        const [rows] = await storage.query('select ref from asset where task_id = ?', [images.split('/')[3]]);
        return (rows as { ref: string }[]).map(({ ref }) => ref).sort();
      } finally {
        await storage.end();
      }
    };

    it('that can be looked at one by one', async () => {
      const images = await draft();
      const [id] = idsIn(await upload(images, await photo('01.jpg')));
      expect(await rest.get(`${images}/${id}`)).toMatchObject({
        status: 200,
        body: { assetId: id, contentType: 'image/jpeg' },
      });
      const file = await fetch(`${studio.system.gatewayUrl}${images}/${id}/file`);
      expect([file.status, file.headers.get('content-type'), file.headers.get('content-disposition')]).toEqual([
        200,
        'image/jpeg',
        'inline; filename=photo-1.jpg',
      ]);
      await file.body?.cancel();
      expect((await rest.get<Link>(`${images}/${id}/file?as=json`)).body.url).toContain(id);
      expect(refusal(await rest.get(`${images}/${stranger}`))).toBe('404 IMAGE_NOT_FOUND');
    });

    it('each once, however often it is sent', async () => {
      const images = await draft();
      const [one, three] = [await photo('01.jpg'), await photo('03.jpg')];
      const first = await upload(images, one);
      const [id] = idsIn(first);
      const again = await upload(images, one);
      expect([first.status, again.status, idsIn(again)]).toEqual([201, 200, [id]]);
      const more = await upload(images, three, one, three);
      expect([more.status, idsIn(more)[1]]).toEqual([201, id]);
      expect(idsIn(more)[0]).toBe(idsIn(more)[2]);
      const clicks = await Promise.all([1, 2, 3].map(async () => upload(images, await photo('05.jpg'))));
      expect(clicks.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
      const all = idsIn(await rest.get<Uploaded>(images));
      expect([all.length, new Set(clicks.flatMap(idsIn)).size]).toEqual([3, 1]);
      expect(await stored(images)).toEqual(all.toSorted());
      // What was removed is new again.
      expect((await rest.call('DELETE', `${images}/${id}`)).status).toBe(204);
      expect((await upload(images, one)).status).toBe(201);
    });

    it('from an address on the web', async () => {
      const file = await photo('01.jpg');
      const host = createServer((call, reply) =>
        call.url === '/01.jpg' ? reply.end(file) : reply.writeHead(404).end('no'),
      );
      await once(host.listen(0, '127.0.0.1'), 'listening');
      const at = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
      try {
        const images = await draft();
        const from = (url: unknown) =>
          rest.call<Uploaded>('POST', images, { headers: json, body: JSON.stringify({ url }) });
        const fetched = await from(`${at}/01.jpg`);
        expect([fetched.status, fetched.body.images]).toEqual([
          201,
          [expect.objectContaining({ contentType: 'image/jpeg' })],
        ]);
        const sent = await upload(images, file);
        expect([sent.status, idsIn(sent)]).toEqual([200, idsIn(fetched)]);
        expect(refusal(await from(`${at}/02.jpg`))).toBe('400 IMAGE_URL_UNREADABLE');
        expect(refusal(await from('http://10.0.0.1/x.jpg'))).toBe('400 IMAGE_URL_NOT_PUBLIC');
        for (const wrong of ['ftp://example.com/x.jpg', 'http://u:p@example.com/', 'x', ''])
          expect(refusal(await from(wrong))).toBe('400 INVALID_URL');
        expect(refusal(await from(7))).toBe('400 INVALID_INPUT');
        expect(await stored(images)).toEqual(idsIn(fetched));
      } finally {
        host.close();
      }
    });
  });
});

const stranger = '00000000-0000-7000-8000-000000000000';
