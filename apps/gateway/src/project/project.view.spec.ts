import { aLyric, aPlan, aTrack } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { Image } from '../image/image.entity.ts';
import { UNMEASURED } from '../estimate/estimate.ts';
import { Order } from '../order/order.entity.ts';
import { Project } from './project.entity.ts';
import { cancelledView, orderView } from '../order/order.view.ts';
import { imageView, projectView, summaryView } from './project.view.ts';
import { Stage } from '../projection/stage.entity.ts';

const start = new Date('2026-01-01T00:00:00Z');
const end = new Date('2026-01-01T00:01:00Z');
const aProject = () =>
  Project.create({
    taskId: 'task',
    brief: { businessName: 'Sea Breeze Stay', region: 'Gangneung', description: 'A guest house.' },
    language: 'ko',
    music: { durationSeconds: 30, style: 'jazz' },
    video: { format: '1:1' },
  });
const limits = { graceMs: 0, stageMs: { lyric: 1_000, song: 1_000, video: 1_000 } };
const anOrder = (lastStage: 'lyric' | 'song' | 'video' = 'video') =>
  Order.accepted({ taskId: 'task', revision: 1, plan: aPlan(), firstStage: 'lyric', lastStage }, limits, UNMEASURED, {
    messageId: 'm',
    traceparent: 't',
    at: start,
  });
const aStage = (name: 'lyric' | 'song' | 'video', changes: Partial<Stage> = {}) =>
  Object.assign(Stage.of('task', name, 1), { startedAt: start }, changes);
const stored = (...names: string[]) =>
  names.map(name => ({ name, path: name, contentType: 'audio/mpeg', size: 1, sha256: 'a'.repeat(64) }));
const aSong = (changes: Partial<Stage> = {}) =>
  aStage('song', {
    ...{ output: { title: 'Sea Breeze', tracks: [aTrack()], chosenTrackId: 'track-1' }, endedAt: end },
    ...changes,
  });

describe('a project as clients see it', () => {
  it('is a draft without an order, with all its stages pending', () => {
    const view = projectView(aProject(), undefined, [], []);
    const nothing = { status: 'pending', revision: 0, stale: false };
    const pending = ['lyric', 'song', 'video'].map(stage => ({
      ...{ stage, ...nothing },
      ...(stage === 'video' && { formats: [{ format: '1:1', ...nothing }] }),
      attempts: [],
    }));
    expect(view).toMatchObject({ taskId: 'task', status: 'draft', revision: 0, images: [] });
    expect(view.stages).toEqual(pending);
    expect(view).not.toHaveProperty('error');
  });

  it('tells the brief, the music and the video that were asked for', () => {
    expect(projectView(aProject(), undefined, [], [])).toMatchObject({
      businessName: 'Sea Breeze Stay',
      region: 'Gangneung',
      description: 'A guest house.',
      language: 'ko',
      music: { durationSeconds: 30, style: 'jazz' },
      video: { format: '1:1' },
    });
  });

  it.each([
    ['lyric', 'waiting'],
    ['song', 'waiting'],
    ['video', 'completed'],
  ] as const)('is %s done: %s', (lastStage, status) => {
    const order = anOrder(lastStage);
    expect(summaryView(aProject(), order, [], []).status).toBe('processing');
    order.completed(end);
    expect(summaryView(aProject(), order, [], []).status).toBe(status);
  });

  it('has failed with its reason', () => {
    const order = anOrder();
    const error = { code: 'SUNO_SENSITIVE_WORDS', reason: 'Change the lyric.', retryable: false };
    order.failed(end, 'song', error);
    const view = summaryView(aProject(), order, [aStage('song', { error, endedAt: end })], []);
    expect(view).toMatchObject({ status: 'failed', error });
    expect(view.stages[1]).toMatchObject({ stage: 'song', status: 'failed', error, endedAt: end.toISOString() });
  });

  it('shows what a stage made, but in no list', () => {
    const lyric = aStage('lyric', { output: aLyric(), endedAt: end });
    const attempt = {
      status: 'completed',
      revision: 1,
      paid: false,
      startedAt: start.toISOString(),
      endedAt: end.toISOString(),
    };
    expect(projectView(aProject(), anOrder(), [lyric], []).stages[0]).toEqual({
      ...attempt,
      stage: 'lyric',
      stale: false,
      result: 1,
      output: aLyric(),
      attempts: [{ ...attempt, stale: false }],
    });
    expect(JSON.stringify(summaryView(aProject(), anOrder(), [lyric], []))).not.toContain('output');
  });

  it('shows the drafts of a lyric, which of them counts, and where there are fewer than were asked for', () => {
    const drafts = [aLyric(), { ...aLyric(), title: 'Another' }];
    const outputOf = (draftsAsked: number, draft?: number) => {
      const project = aProject();
      if (draft) project.choose('lyric', { revision: 1, draft });
      const lyric = aStage('lyric', { output: { ...aLyric(), drafts, draftsAsked }, endedAt: end });
      return projectView(project, anOrder('lyric'), [lyric], []).stages[0]?.output;
    };
    expect(outputOf(2)).toEqual({ ...aLyric(), draft: 1, drafts });
    expect(outputOf(3, 2)).toEqual({
      ...drafts[1],
      draft: 2,
      drafts,
      note: 'Of the 3 drafts that were asked for, the model wrote 2 that can be sung.',
    });
  });

  it("shows the tracks of a song without the provider's addresses", () => {
    const [, song] = projectView(aProject(), anOrder(), [aSong({ files: stored('track-1') })], []).stages;
    const { trackId, durationSeconds, lines } = aTrack();
    expect(song?.output).toEqual({
      title: 'Sea Breeze',
      tracks: [{ trackId, durationSeconds, lines }],
      chosenTrackId: 'track-1',
    });
  });

  it.each<[number, string | undefined]>([
    [15, undefined],
    [15.4, 'The song is 15 seconds long where 10 were asked for; its film fades out near the asked length.'],
    [151.2, 'The song is 151 seconds long where 10 were asked for; its film fades out near the asked length.'],
    [5, undefined],
    [4.4, 'The song is only 4 seconds long where 10 were asked for; its film is as short.'],
  ])('says where the length of a song of %d s is far from what was asked for', (durationSeconds, note) => {
    const output = { title: 'Sea Breeze', tracks: [aTrack({ durationSeconds })], chosenTrackId: 'track-1' };
    const song = aSong({ output: { ...output, askedSeconds: 10 }, files: stored('track-1') });
    const [, view] = projectView(aProject(), anOrder(), [song], []).stages;
    expect(view?.output).toMatchObject({ askedSeconds: 10 });
    expect((view?.output as { note?: string }).note).toBe(note);
  });

  it('offers no track that was not stored', () => {
    const tracks = [aTrack(), aTrack({ trackId: 'lost' })];
    const song = aSong({ output: { title: 'Sea Breeze', tracks, chosenTrackId: 'lost' }, files: stored('track-1') });
    const [, view] = projectView(aProject(), anOrder(), [song], []).stages;
    expect(view?.output).toMatchObject({ tracks: [{ trackId: 'track-1' }], chosenTrackId: 'track-1' });
  });

  const waiting = { since: start.toISOString(), code: 'SUNO_CREDITS_EXHAUSTED', reason: 'Waiting for the provider.' };

  it('says what a stage waits for, in lists too, while its order runs', () => {
    const [, song] = summaryView(aProject(), anOrder(), [aStage('song', { waiting })], []).stages;
    expect(song).toMatchObject({ status: 'running', waiting });
    const ended = anOrder();
    ended.cancelled(end, []);
    expect(summaryView(aProject(), ended, [aStage('song', { waiting })], []).stages[1]).not.toHaveProperty('waiting');
  });

  it("tells the provider's own words with the error", () => {
    const error = { code: 'SUNO_REFUSED', reason: 'Suno refuses.', retryable: false, detail: '400: bad style' };
    const order = anOrder();
    order.failed(end, 'song', error);
    const view = summaryView(aProject(), order, [aStage('song', { error, endedAt: end })], []);
    expect(view).toMatchObject({ error, stages: [{}, { error }, {}] });
  });

  it('does not show a stage as failed that fell with the one before and was never ordered', () => {
    const error = { code: 'FILE_GONE', reason: 'The song could not be fetched.', retryable: true };
    const order = anOrder();
    order.failed(end, 'song', error);
    const fallen = aStage('video', { error: { ...error, code: 'SONG_NOT_STORED' }, endedAt: end });
    const [, song, video] = summaryView(aProject(), order, [aSong({ error }), fallen], []).stages;
    expect([song?.status, video?.status]).toEqual(['failed', 'cancelled']);
    expect(video).not.toHaveProperty('error');
  });

  it('tells the end of a stage only once it has ended', () => {
    const [, song] = projectView(aProject(), anOrder(), [aSong()], []).stages;
    expect(song).toMatchObject({ status: 'running', startedAt: start.toISOString() });
    expect(song).not.toHaveProperty('endedAt');
  });

  it('shows what was chosen, every attempt, and what is stale by it', () => {
    const project = aProject();
    project.choose('song', { revision: 1, trackId: 'other' });
    const tracks = [aTrack(), aTrack({ trackId: 'other' })];
    const song = aSong({
      output: { title: 'Sea Breeze', tracks, chosenTrackId: 'track-1' },
      files: stored('track-1', 'other'),
      paid: true,
    });
    const film = aStage('video', {
      ...{ input: { revision: 1, trackId: 'track-1' }, output: { format: '1:1', durationSeconds: 10 }, files: [] },
    });
    const again = Object.assign(Stage.of('task', 'song', 3), { startedAt: end });
    const [, songView, filmView] = projectView(project, anOrder(), [song, film, again], []).stages;
    expect(songView).toMatchObject({
      ...{ status: 'running', revision: 3, result: 1, stale: false, output: { chosenTrackId: 'other' } },
      attempts: [
        { revision: 3, status: 'running', paid: false },
        { revision: 1, status: 'completed', paid: true },
      ],
    });
    expect(filmView).toMatchObject({ status: 'completed', result: 1, stale: true });
  });

  it('has no stage that runs once its order has ended', () => {
    const stages = () => [aStage('song'), aStage('video')];
    const failed = anOrder();
    failed.failed(end, 'song', { code: 'STAGE_TIMEOUT', reason: 'The song took too long.', retryable: true });
    const cancelled = anOrder();
    cancelled.cancelled(end, []);
    const statuses = (order: Order) => summaryView(aProject(), order, stages(), []).stages.map(({ status }) => status);
    expect(statuses(failed)).toEqual(['pending', 'failed', 'cancelled']);
    expect(statuses(cancelled)).toEqual(['pending', 'cancelled', 'cancelled']);
    expect(summaryView(aProject(), cancelled, stages(), []).status).toBe('cancelled');
  });

  const error = { code: 'CREATOMATE_RENDER_FAILED', reason: 'It could not be rendered.', retryable: true };
  const films = (...changes: Partial<Stage>[]) => {
    const project = aProject();
    project.addFormats(['9:16', '16:9']);
    const formats = ['1:1', '9:16', '16:9'] as const;
    const rows = changes.map((change, i) =>
      Object.assign(Stage.of('task', 'video', 1, formats[i]), { startedAt: start }, change),
    );
    return summaryView(project, anOrder(), rows, []).stages[2];
  };
  const done: Partial<Stage> = { output: { format: '1:1', durationSeconds: 10 }, files: [], endedAt: end };
  const broken: Partial<Stage> = { error, endedAt: start };

  it.each<[string, Partial<Stage>[], object]>([
    ['runs while one of its films does', [done, broken, {}], { status: 'running' }],
    [
      'has failed where one has, once none runs',
      [done, broken, done],
      { status: 'failed', endedAt: end.toISOString() },
    ],
    ['is completed with the last', [done, done, done], { status: 'completed', result: 1 }],
    ['waits for a film that nobody ordered yet', [done], { status: 'pending' }],
  ])('has a video stage that %s', (_, rows, expected) => {
    const video = films(...rows);
    expect(video).toMatchObject(expected);
    expect(video?.formats?.map(({ format }) => format)).toEqual(['1:1', '9:16', '16:9']);
    expect(video?.error).toEqual(video?.status === 'failed' ? { ...error, format: '9:16' } : undefined);
  });

  it('shows the images in their order', () => {
    const images = ['b', 'a'].map((imageId, position) =>
      Image.uploaded({ taskId: 'task', imageId, position, contentType: 'image/jpeg', size: 10 }),
    );
    expect(projectView(aProject(), undefined, [], images).images).toEqual([
      { id: 'b', assetId: 'b', contentType: 'image/jpeg', size: 10 },
      { id: 'a', assetId: 'a', contentType: 'image/jpeg', size: 10 },
    ]);
    expect(imageView(images[0] as Image)).toEqual({ id: 'b', assetId: 'b', contentType: 'image/jpeg', size: 10 });
  });
});

describe('an order as clients see it', () => {
  it('tells its task and revision', () => {
    expect(orderView(anOrder())).toEqual({
      ...{ projectId: 'task', taskId: 'task', revision: 1, status: 'processing' },
    });
  });

  it('tells when it is cancelled what was paid', () => {
    expect(cancelledView(anOrder(), ['song'])).toEqual({
      ...{ projectId: 'task', taskId: 'task', revision: 1, status: 'cancelled', paid: ['song'] },
    });
  });
});
