import { RenderFailed, RenderSubmitted, RenderSucceeded, type Message } from '@castad/contracts';
import { loadConfig, ProviderError, toError } from '@castad/platform';
import { aPlan, aSongReady, aTrack } from '@castad/testing';
import type { Outcome } from '@castad/worker';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { CreatomateClient, Render } from '../creatomate/creatomate.client.ts';
import type { RenderScript } from '../creatomate/render-script.ts';
import type { AssetRef, Links, StorageClient } from '../storage/storage.client.ts';
import { VideoServiceConfig } from '../video-service.config.ts';
import type { TemplateStore } from '../template/template.store.ts';
import { Video } from './video.entity.ts';
import { VideoWorker } from './video.worker.ts';

Logger.overrideLogger(false);

const template: RenderScript = {
  elements: [
    { name: 'Photo', type: 'image' },
    { name: 'Caption', type: 'text' },
    { name: 'Song', type: 'audio' },
  ],
};
const photos = ['01980000-0000-7000-8000-00000000000a', '01980000-0000-7000-8000-00000000000b'];
const config = loadConfig(VideoServiceConfig, {
  MYSQL_URL: 'mysql://u:p@localhost/db',
  KAFKA_BROKERS: 'localhost:9092',
  PUBLIC_URL: 'http://castad.example',
  STORAGE_URL: 'http://storage.example',
  INTERNAL_SECRET: 'a-secret-of-some-length',
  CREATOMATE_API_KEY: 'the-key',
  CREATOMATE_TEMPLATES: '9:16=portrait',
  CREATOMATE_POLL_MS: '15000',
});

describe('VideoWorker', () => {
  let orders: { script: RenderScript; webhookUrl: string; metadata: string }[];
  let asked: AssetRef[];
  let templates: string[];
  let render: Render | undefined;
  let storage: (assets: AssetRef[]) => Links;
  let chosen: RenderScript | Error;
  let worker: VideoWorker;

  const stored = (assets: AssetRef[]): Links => ({
    links: assets
      .map(asset => ({ ...asset, url: `https://blob.example/${asset.kind}-${asset.ref.slice(-1)}` }))
      .reverse(),
    missing: [],
    failed: [],
  });

  beforeEach(() => {
    [orders, asked, templates, storage, chosen] = [[], [], [], stored, template];
    const creatomate = {
      submit: async (script: RenderScript, webhookUrl: string, metadata: string) => {
        orders.push({ script, webhookUrl, metadata });
        return 'render-1';
      },
      find: async () => render,
    };
    const links = async (_: string, assets: AssetRef[]) => {
      asked = assets;
      return storage(assets);
    };
    const get = async (id: string) => {
      templates.push(id);
      if (chosen instanceof Error) throw chosen;
      return chosen;
    };
    worker = Object.assign(
      new VideoWorker(
        creatomate as unknown as CreatomateClient,
        { links } as unknown as StorageClient,
        { get } as unknown as TemplateStore,
        config,
      ),
      {
        journal: { write: async () => undefined },
      },
    );
    worker['submissions'] = worker['submissionsBy'](
      { logger: worker['logger'], leaseMs: 1_000 },
      { ask: async () => ({ mayCall: true, waitMs: 0 }) },
    );
  });

  const aVideo = (changes: Partial<Video> = {}, plan = aPlan({ imageIds: photos })) => {
    const [video] = Video.ofSong(aSongReady({ revision: 2, plan }), { messageId: 'm', traceparent: 't' }) as [Video];
    return Object.assign(video, { token: 'the-token', submittedAt: new Date() }, changes);
  };
  const running = (changes: Partial<Video> = {}) =>
    aVideo({ status: 'running', attempt: 1, jobId: 'render-1', jobIdConfirmed: true, ...changes });

  const step = async (video: Video): Promise<Outcome<Video> & { said: Message[] }> => {
    const now = new Date();
    const outcome = await worker['step'](video, now).catch((error: unknown) => worker['failed'](video, toError(error)));
    const said: Message[] = [];
    outcome.record?.(video, message => said.push(message));
    return { ...outcome, said };
  };

  it('orders the song and the photos in their order, as links to our own storage', async () => {
    const video = aVideo();
    await step(video);
    expect(asked).toEqual([
      { revision: 2, kind: 'song', ref: 'tracks', name: 'track-1' },
      ...photos.map(ref => ({ revision: 0, kind: 'image', ref })),
    ]);
    expect(orders).toHaveLength(1);
    const [{ script, webhookUrl, metadata }] = orders as [(typeof orders)[number]];
    expect(script.elements.flatMap(({ source }) => source ?? [])).toEqual([
      'https://blob.example/image-a',
      'https://blob.example/image-b',
      'https://blob.example/song-s',
    ]);
    const callbackUrl = `http://castad.example/callbacks/creatomate/${video.taskId}/${video.token}`;
    expect([webhookUrl, metadata]).toEqual([callbackUrl, video.token]);
    expect(video).toMatchObject({ status: 'running', jobId: 'render-1', jobIdConfirmed: true });
  });

  it('orders no more of a long song than was asked for, and fades it out', async () => {
    const lines = [1, 5, 9, 13].map(end => ({ text: `to ${end}`, start: end - 1, end }));
    await step(aVideo({ track: aTrack({ durationSeconds: 200, lines }) }));
    const [{ script }] = orders as [(typeof orders)[number]];
    expect(script.duration).toBe(15);
    expect(script.elements.find(({ name }) => name === 'Song')).toMatchObject({ duration: 15, audio_fade_out: 2 });
    expect(script.elements.flatMap(({ text }) => text ?? [])).toEqual(['to 1', 'to 5', 'to 9', 'to 13']);
  });

  it.each([NaN, 0, 'long', null])('makes a film of a song whose length is %s', async nonsense => {
    const { said } = await step(aVideo({ track: aTrack({ durationSeconds: nonsense as number }) }));
    expect(said).toEqual([expect.any(RenderSubmitted)]);
    const [{ script }] = orders as [(typeof orders)[number]];
    expect(script.duration).toBe(10);
    expect(JSON.stringify(script)).not.toContain('null');
  });

  it('uses the template of the format, or the one that was ordered', async () => {
    await step(aVideo());
    await step(aVideo({}, aPlan({ video: { format: '9:16', template: 'my-own' } })));
    expect(templates).toEqual(['portrait', 'my-own']);
  });

  it('fails where no template is configured for the format', async () => {
    const { said } = await step(aVideo({}, aPlan({ video: { format: '1:1' } })));
    expect(said).toMatchObject([{ code: 'TEMPLATE_MISSING', retryable: false }]);
    expect(orders).toEqual([]);
  });

  it('fails where the template cannot be filled', async () => {
    chosen = { elements: [] };
    const { said } = await step(aVideo());
    expect(said).toMatchObject([{ code: 'TEMPLATE_UNUSABLE', retryable: false }]);
    expect(orders).toEqual([]);
  });

  it('tries again when the template could not be fetched: nothing was ordered', async () => {
    chosen = new ProviderError('CREATOMATE_TIMEOUT', 'Creatomate did not answer in time.', { retriable: true });
    const video = aVideo();
    expect(await step(video)).toMatchObject({ said: [], dueInMs: expect.any(Number) });
    expect(video).toMatchObject({ status: 'ordered', tries: 1 });
  });

  it('waits for a song that is not stored yet, without counting it as an attempt', async () => {
    storage = ([song, ...others]) => ({ ...stored(others), missing: [song as AssetRef] });
    const video = aVideo();
    expect(await step(video)).toEqual({ said: [], dueInMs: 1_000 });
    expect(orders).toEqual([]);
  });

  it('makes the film of another track where the chosen one is lost, and remembers it', async () => {
    const tracks = ['track-1', 'track-2', 'track-3'].map(trackId => aTrack({ trackId }));
    const song = aSongReady({ revision: 2, tracks, chosenTrackId: 'track-2' });
    const [video] = Video.ofSong(song, { messageId: 'm', traceparent: 't' }) as [Video];
    storage = assets => ({
      ...stored(assets.filter(({ name }) => name !== 'track-2')),
      failed: [{ ...(assets[0] as AssetRef), code: 'SOURCE_GONE', reason: 'The file is gone.' }],
    });
    expect(await step(video)).toMatchObject({ said: [], dueInMs: 0 });
    expect(video).toMatchObject({ status: 'ordered', track: { trackId: 'track-1' } });
    expect(orders).toEqual([]);
    expect((await step(video)).said).toEqual([expect.any(RenderSubmitted)]);
    expect(video.submitBegun()).toMatchObject({ track: { trackId: 'track-1' } });
  });

  it('fails when the song could not be stored, or a photo is gone', async () => {
    storage = ([song, ...others]) => ({
      ...stored(others),
      failed: [{ ...(song as AssetRef), code: 'SOURCE_GONE', reason: 'The file is gone.' }],
    });
    expect((await step(aVideo())).said).toMatchObject([{ code: 'SONG_NOT_STORED', retryable: false }]);
    storage = ([song, photo]) => ({ ...stored([song as AssetRef]), missing: [photo as AssetRef] });
    expect((await step(aVideo())).said).toMatchObject([{ code: 'IMAGE_MISSING', retryable: false }]);
    expect(orders).toEqual([]);
  });

  it('keeps polling while Creatomate is rendering, or does not know the render yet', async () => {
    for (render of [{ state: 'running', metadata: 'the-token' } as const, undefined])
      expect(await step(running())).toMatchObject({ dueInMs: 15_000, said: [] });
  });

  it('announces the film', async () => {
    render = { state: 'done', metadata: 'the-token', url: 'https://f.example/1.mp4', durationSeconds: 9.8 };
    const { said } = await step(running());
    expect(said).toEqual([expect.any(RenderSucceeded)]);
    expect(said[0]).toMatchObject({ url: 'https://f.example/1.mp4', durationSeconds: 9.8 });
  });

  it('takes what was ordered for the length of a film that does not state its own', async () => {
    render = { state: 'done', metadata: 'the-token', url: 'https://f.example/1.mp4' };
    expect((await step(running())).said).toMatchObject([{ durationSeconds: 10 }]);
    const track = aTrack({ durationSeconds: 200 });
    expect((await step(running({ track }))).said).toMatchObject([{ durationSeconds: 10 }]);
  });

  it('fails with our reason when the render failed', async () => {
    const failure = {
      code: 'CREATOMATE_RENDER_FAILED',
      reason: 'It did not work.',
      retryable: true,
      detail: 'failed Out of memory.',
    };
    render = { state: 'failed', metadata: 'the-token', failure };
    const { said } = await step(running());
    expect(said).toEqual([expect.any(RenderFailed)]);
    expect(said[0]).toMatchObject(failure);
  });

  it('forgets a render that a callback named and that is not ours', async () => {
    for (render of [{ state: 'running', metadata: 'another' } as const, undefined]) {
      const video = running({ status: 'unknown', jobIdConfirmed: false });
      expect(await step(video)).toMatchObject({ said: [] });
      expect(video.jobId).toBeNull();
    }
  });

  it('takes a film over only where it shows the same to the same song', () => {
    const earlier = aVideo();
    const later = (changes: Partial<Video>, plan = earlier.plan) => aVideo({ revision: 3, ...changes }, plan);
    expect(worker['isSameWork'](later({}), earlier)).toBe(true);
    expect(worker['isSameWork'](later({ track: { ...earlier.track, trackId: 'other' } }), earlier)).toBe(false);
    expect(worker['isSameWork'](later({}, { ...earlier.plan, imageIds: [] }), earlier)).toBe(false);
  });

  it('orders a film of its own when Creatomate has not known the one it took over for long', async () => {
    render = undefined;
    const fresh = running({ attempt: 0 });
    expect(await step(fresh)).toMatchObject({ dueInMs: 15_000, said: [] });
    expect(fresh).toMatchObject({ status: 'running', jobId: 'render-1' });
    const lost = running({ attempt: 0, submittedAt: new Date(Date.now() - config.CREATOMATE_LIMIT_MS - 1) });
    expect(await step(lost)).toMatchObject({ dueInMs: 0, said: [] });
    expect(lost).toMatchObject({ status: 'ordered', jobId: null });
  });
});
