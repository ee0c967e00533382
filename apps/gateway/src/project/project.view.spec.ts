import { aLyric, aPlan, aTrack } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { Image } from './image.entity.ts';
import { Order } from './order.entity.ts';
import { Project } from './project.entity.ts';
import { imageView, orderView, projectView, summaryView } from './project.view.ts';
import { Stage } from './stage.entity.ts';

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
const anOrder = (lastStage: 'lyric' | 'song' | 'video' = 'video') =>
  Order.accepted({ taskId: 'task', revision: 1, plan: aPlan(), firstStage: 'lyric', lastStage }, 0, {
    messageId: 'm',
    traceparent: 't',
  });
const aStage = (name: 'lyric' | 'song' | 'video', changes: Partial<Stage> = {}) =>
  Object.assign(Stage.of('task', name), { revision: 1, startedAt: start }, changes);
const aSong = () =>
  aStage('song', { output: { title: 'Sea Breeze', tracks: [aTrack()], chosenTrackId: 'track-1' }, endedAt: end });

describe('a project as clients see it', () => {
  it('is a draft without an order, with all its stages pending', () => {
    const view = projectView(aProject(), undefined, [], []);
    expect(view).toMatchObject({ taskId: 'task', status: 'draft', revision: 0, images: [] });
    expect(view.stages).toEqual(['lyric', 'song', 'video'].map(stage => ({ stage, status: 'pending', revision: 0 })));
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
    expect(summaryView(aProject(), order, []).status).toBe('processing');
    order.completed();
    expect(summaryView(aProject(), order, []).status).toBe(status);
  });

  it('has failed with its reason', () => {
    const order = anOrder();
    const error = { code: 'SUNO_SENSITIVE_WORDS', reason: 'Change the lyric.', retryable: false };
    order.failed('song', error);
    const view = summaryView(aProject(), order, [aStage('song', { error, endedAt: end })]);
    expect(view).toMatchObject({ status: 'failed', error });
    expect(view.stages[1]).toMatchObject({ stage: 'song', status: 'failed', error, endedAt: end.toISOString() });
  });

  it('shows what a stage made, but in no list', () => {
    const lyric = aStage('lyric', { output: aLyric(), endedAt: end });
    expect(projectView(aProject(), anOrder(), [lyric], []).stages[0]).toEqual({
      stage: 'lyric',
      status: 'completed',
      revision: 1,
      startedAt: start.toISOString(),
      endedAt: end.toISOString(),
      output: aLyric(),
    });
    expect(JSON.stringify(summaryView(aProject(), anOrder(), [lyric]))).not.toContain('output');
  });

  it("shows the tracks of a song without the provider's addresses", () => {
    const [, song] = projectView(aProject(), anOrder(), [aSong()], []).stages;
    const { trackId, durationSeconds, lines } = aTrack();
    expect(song?.output).toEqual({
      title: 'Sea Breeze',
      tracks: [{ trackId, durationSeconds, lines }],
      chosenTrackId: 'track-1',
    });
  });

  it('tells the end of a stage only once it has ended', () => {
    const [, song] = projectView(aProject(), anOrder(), [aSong()], []).stages;
    expect(song).toMatchObject({ status: 'running', startedAt: start.toISOString() });
    expect(song).not.toHaveProperty('endedAt');
  });

  it('shows the images in their order', () => {
    const images = ['b', 'a'].map((imageId, position) =>
      Image.uploaded({ taskId: 'task', imageId, position, contentType: 'image/jpeg', size: 10 }),
    );
    expect(projectView(aProject(), undefined, [], images).images).toEqual([
      { assetId: 'b', contentType: 'image/jpeg', size: 10 },
      { assetId: 'a', contentType: 'image/jpeg', size: 10 },
    ]);
    expect(imageView(images[0] as Image)).toEqual({ assetId: 'b', contentType: 'image/jpeg', size: 10 });
  });
});

describe('an order as clients see it', () => {
  it('tells its task and revision', () => {
    expect(orderView(anOrder())).toEqual({ taskId: 'task', revision: 1, status: 'processing' });
  });
});
