import { message, type Plan, RenderSucceeded, SongReady } from '@castad/contracts';
import { aPlan, aTrack, bootWith, eventually, Rest, testBed, type TestBed } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from '../src/gateway.module.ts';
import { setUpHttp } from '../src/http.ts';
import { migrations } from '../src/migrations/index.ts';
import { pageQuery } from '../src/result/result-pages.ts';
import { eventsOf, stored, tellAll } from './told.ts';

jest.setTimeout(120_000);

describe('results', () => {
  let bed: TestBed;
  let app: NestFastifyApplication;
  let rest: Rest;

  beforeAll(async () => {
    bed = await testBed({ parts: ['kafka', 'mariadb'] });
    await bed.migrate('gateway', migrations);
    const env = {
      STORAGE_URL: 'http://127.0.0.1:9',
      VIDEO_URL: 'http://127.0.0.1:9',
      INTERNAL_SECRET: 'the-secret-of-the-services',
    };
    app = await bootWith(bed.env('gateway', env), GatewayModule, { http: setUpHttp });
    rest = new Rest(await app.getUrl());
  });
  afterAll(async () => {
    await app?.close();
    await bed?.close();
  });

  const order = async (changes: object = {}) => {
    const brief = { businessName: 'Sea Breeze Stay', region: 'Gangneung', language: 'en' };
    const film = { music: { durationSeconds: 10 }, run: true, withoutPhotos: true };
    return (await rest.post('/v1/projects', { ...brief, ...film, ...changes })).body.taskId as string;
  };
  const completed = (taskId: string) =>
    eventually(async () =>
      expect((await rest.get(`/v1/projects/${taskId}`)).body).toMatchObject({ status: 'completed' }),
    );

  /** The whole of its film. */
  const told = async (taskId: string) => {
    await tellAll(bed.topics, eventsOf(taskId));
    return taskId;
  };

  it('show in the captions of a film what the film shows of a longer song', async () => {
    const taskId = await order();
    const line = (text: string, start: number, end: number) => ({ text, start, end });
    // The film ends after the second line, two seconds later; the third would end within it, but is faded out.
    const lines = [line('one', 1, 5), line('two', 6, 12), line('three', 12, 13.5), line('four', 20, 50)];
    const track = aTrack({ durationSeconds: 60, lines });
    const plan: Plan = aPlan({ music: { durationSeconds: 10 } });
    const [lyric, , tracks] = eventsOf(taskId, 1, plan);
    const song = { taskId, revision: 1, plan, title: 'Sea Breeze', tracks: [track], chosenTrackId: track.trackId };
    const film = { taskId, revision: 1, plan, format: '9:16' as const, url: 'http://f.example/1.mp4' };
    await tellAll(bed.topics, [
      lyric,
      { event: message(SongReady, song), second: 2 },
      tracks,
      { event: message(RenderSucceeded, { ...film, durationSeconds: 14 }), second: 4 },
      { event: stored(taskId, 1, 'video', '9:16'), second: 5 },
    ]);
    await completed(taskId);
    const captions = async (path: string) =>
      (await rest.call<string>('GET', `/v1/projects/${taskId}/${path}`)).body.match(/^[a-z]+$/gm);
    expect(await captions('captions.srt')).toEqual(['one', 'two', 'three', 'four']);
    expect(await captions('video/captions.srt')).toEqual(['one', 'two']);
    expect((await rest.call<string>('GET', `/v1/projects/${taskId}/video/captions.lrc`)).body).toBe(
      '[ti:Sea Breeze]\n[ar:Sea Breeze Stay]\n[00:01.00]one\n[00:06.00]two\n[00:12.00]\n',
    );
  });

  it.each([
    [{}, 'stage_attempt_films'],
    [{ from: '2026-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z' }, 'stage_attempt_films'],
    [{ format: '1:1' as const }, 'stage_attempt_format'],
    [{ language: 'ja' as const, format: '1:1' as const }, 'project_language'],
  ])('are listed by %j in the order of the index %s', async (query, index) => {
    await completed(await order().then(told));
    const [sql, ...values] = pageQuery('video', { ...query, limit: 21 });
    const plan = await bed.query<{ key: string; Extra: string }>('gateway', `explain ${sql}`, values);
    const page = plan.find(({ key }) => key === index);
    expect([plan.map(({ key }) => key), page?.Extra.includes('filesort')]).toEqual([
      expect.arrayContaining([index]),
      false,
    ]);
  });
});
