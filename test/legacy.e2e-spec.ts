import { eventually, Rest } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startStudio, type Studio } from './film.ts';
import { LegacyClient } from './legacy-client.ts';

jest.setTimeout(180_000);

const photo = (name: string) => readFile(join(import.meta.dirname, '../examples/photos', name));

describe('a client of the former system', () => {
  let studio: Studio;
  let client: LegacyClient;
  let rest: Rest;

  beforeAll(async () => {
    const appEnv = {
      gateway: { HTTP_TIMEOUT_MS: '20000' },
      'song-service': { SUNO_POLL_MS: '500' },
      'video-service': { CREATOMATE_POLL_MS: '500' },
    };
    studio = await startStudio({ appEnv });
    client = new LegacyClient(studio.system.gatewayUrl);
    rest = new Rest(studio.system.gatewayUrl);
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  const isFilm = async (url: string | null) => {
    const film = await fetch(url as string);
    expect([film.status, film.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    expect(film.headers.get('content-disposition')).toMatch(/^inline;/);
    const bytes = Buffer.from(await film.arrayBuffer());
    expect([bytes.subarray(4, 8).toString(), bytes.length > 1_000]).toEqual(['ftyp', true]);
    return bytes;
  };
  const withPhotos = async (name: string) => {
    const task = await client.makeProject(name, '강릉');
    await client.uploadImages(task, await photo('01.jpg'), await photo('03.jpg'));
    return task;
  };

  it('goes from a project to a film that plays', async () => {
    const task = await client.makeProject('바다민박', '강릉');
    const images = await client.uploadImages(task, await photo('01.jpg'), await photo('03.jpg'));
    expect(images.map(({ img_order }) => img_order)).toEqual([0, 1]);
    expect((await fetch(images[0]?.img_url as string)).headers.get('content-type')).toBe('image/jpeg');
    expect(await client.writeLyric(task, 'English')).toMatch(/[a-z]+ [a-z]+\n/i);
    const song = await fetch(await client.makeSong(task));
    expect([song.status, song.headers.get('content-type')]).toEqual([200, 'audio/mpeg']);
    const render = await client.orderVideo(task);
    expect(await client.download(task)).toMatchObject({ task_id: task, result_movie_url: null });
    await client.waitForVideo(render);
    const { status, result_movie_url } = await client.download(task);
    expect(status).toBe('completed');
    await isFilm(result_movie_url);
    // It plays for days, and in parts.
    const ends = new Date(new URL(result_movie_url as string).searchParams.get('se') as string).getTime();
    expect(ends).toBeGreaterThan(Date.now() + 6 * 24 * 3_600_000);
    const part = await fetch(result_movie_url as string, { headers: { range: 'bytes=0-9' } });
    expect(part.status).toBe(206);
    await part.body?.cancel();

    const item = { task_id: task, store_name: '바다민박', region: '강릉', status: 'completed' };
    const [videos, songs] = await Promise.all(['/videos/', '/songs/'].map(path => client.get<object[]>(path)));
    expect(videos?.[0]).toMatchObject(item);
    expect(songs?.[0]).toMatchObject(item);
    await isFilm((videos?.[0] as { result_movie_url: string }).result_movie_url);
    expect(await studio.project(task)).toMatchObject({ status: 'completed', language: 'en' });
  });

  it('finds its film stored though it left when it had ordered it', async () => {
    const task = await withPhotos('Sea Breeze Stay');
    await client.writeLyric(task);
    await client.makeSong(task);
    await client.orderVideo(task);
    await eventually(async () => {
      const [stored] = await studio.topics
        .read('castad.task.events')
        .then(events => events.filter(({ key, data }) => key === task && data.stage === 'video'));
      expect(stored?.type).toBe('TaskCompleted.v1');
    }, 60_000);
    const { status, result_movie_url } = await client.download(task);
    expect(status).toBe('completed');
    await isFilm(result_movie_url);
  });

  it('pays once for each, however often and how fast it asks', async () => {
    const task = await withPhotos('Sea Breeze Stay');
    const click = (path: string, times = 5) => Promise.all(Array.from({ length: times }, () => rest.get(path)));
    await client.writeLyric(task);
    const songs = await click(`/song/generate/${task}`);
    expect(songs.map(({ status, body }) => [status, body])).toEqual(
      songs.map(() => [200, { success: true, task_id: task }]),
    );
    const url = await client.makeSong(task);
    const videos = await click(`/video/generate/${task}`);
    const [accepted] = videos.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(accepted).toEqual({ success: true, render_id: expect.any(String) });
    expect(videos.filter(({ status, body }) => status === 409 && body.detail === 'Already processing')).toHaveLength(4);
    await client.waitForVideo(accepted?.render_id as string);

    expect((await click(`/song/generate/${task}`, 2)).map(({ status }) => status)).toEqual([200, 200]);
    for (const { body } of await click(`/video/generate/${task}`, 2)) expect(body).toEqual(accepted);
    expect(new URL(await client.makeSong(task)).pathname).toBe(new URL(url).pathname);
    expect(await studio.submits('suno')).toHaveLength(1);
    expect(await studio.submits('creatomate')).toHaveLength(1);
  });

  it('is told of a song that was paid for and failed, and pays again by no GET', async () => {
    await studio.fault('suno', { endpoint: 'POST /api/v1/generate', kind: 'job-failed' });
    const task = await client.makeProject('Sea Breeze Stay', 'Gangneung');
    await client.writeLyric(task);
    await expect(client.makeSong(task)).rejects.toThrow(/Suno/);
    await studio.calm();
    for (const { status, body } of [await rest.get(`/song/generate/${task}`), await rest.get(`/song/generate/${task}`)])
      expect([status, body.code]).toEqual([409, 'ALREADY_PAID']);
    // song-service tries a failed song a second time by itself.
    expect(await studio.submits('suno')).toHaveLength(2);
    // Other words are another song.
    await client.writeLyric(task, 'English');
    await client.makeSong(task);
    expect(await studio.submits('suno')).toHaveLength(3);
  });
});
