import { message, RenderFailed, RenderSucceeded, RenderVideo } from '@castad/contracts';
import { newId } from '@castad/platform';
import { aPlan, aSongReady, aTrack } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { Video } from './video.entity.ts';

const cause = { messageId: newId(), traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
const refusal = { code: 'CREATOMATE_RENDER_FAILED', reason: 'Creatomate could not render the film.', retryable: true };
const anOrder = () =>
  message(RenderVideo, {
    taskId: newId(),
    revision: 4,
    plan: aPlan({ video: { format: '16:9' } }),
    title: 'Sea Breeze',
    songRevision: 2,
    track: aTrack(),
  });

describe('Video', () => {
  it('given an order, is due at once, with the song of the revision it names', () => {
    const order = anOrder();
    const video = Video.ordered(order, cause);
    expect(video).toMatchObject({
      taskId: order.taskId,
      revision: 4,
      songRevision: 2,
      format: '16:9',
      track: order.track,
      status: 'ordered',
      jobIdConfirmed: false,
      causeId: cause.messageId,
    });
    expect(video.dueAt?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(video.deadline).toEqual(new Date(order.plan.deadline));
  });

  it('given a song, takes the chosen track and leaves time for its copy', () => {
    const tracks = [aTrack({ trackId: 'a' }), aTrack({ trackId: 'b' })];
    const [video, ...others] = Video.ofSong(aSongReady({ revision: 3, tracks, chosenTrackId: 'b' }), cause);
    expect(video).toMatchObject({ revision: 3, songRevision: 3, format: '9:16', track: { trackId: 'b' } });
    expect(video?.dueAt?.getTime()).toBeGreaterThan(video?.createdAt.getTime() ?? NaN);
    expect(others).toEqual([]);
  });

  it('given a song for several formats, is one film for each, whose plan names no other', () => {
    const plan = aPlan({ video: { format: '16:9', formats: ['16:9', '1:1'] } });
    const videos = Video.ofSong(aSongReady({ plan }), cause);
    expect(videos.map(({ format, plan: { video } }) => [format, video])).toEqual([
      ['16:9', { format: '16:9' }],
      ['1:1', { format: '1:1' }],
    ]);
  });

  it('given a song without its chosen track, is not made', () => {
    const event = aSongReady({ tracks: [aTrack({ trackId: 'a' })], chosenTrackId: 'b' });
    expect(() => Video.ofSong(event, cause)).toThrow(expect.objectContaining({ code: 'TRACK_MISSING' }));
  });

  it('given its files, is done and says so', () => {
    const video = Video.ordered(anOrder(), cause);
    const event = video.succeeded('https://f.example/film.mp4', 'https://f.example/film.jpg', 10.5);
    expect(event).toBeInstanceOf(RenderSucceeded);
    expect(event).toEqual({
      taskId: video.taskId,
      revision: 4,
      plan: video.plan,
      format: '16:9',
      url: 'https://f.example/film.mp4',
      posterUrl: 'https://f.example/film.jpg',
      durationSeconds: 10.5,
    });
    expect(video).toMatchObject({ status: 'done', url: 'https://f.example/film.mp4', dueAt: null });
  });

  it('given a film without a poster, does not speak of one', () => {
    expect(Video.ordered(anOrder(), cause).succeeded('https://f.example/film.mp4', undefined, 10)).not.toHaveProperty(
      'posterUrl',
    );
  });

  it('that is a preview says so wherever it is spoken of', () => {
    const video = Object.assign(Video.ordered({ ...anOrder(), preview: true }, cause), {
      ...{ attempt: 1, token: 'a'.repeat(43), jobId: 'job-1' },
    });
    const said = [
      video.submitBegun(),
      video.submitTaken(),
      video.succeeded('https://f.example/film.mp4', undefined, 10),
      video.failed(refusal),
    ];
    expect(said.map(({ preview }) => preview)).toEqual([true, true, true, true]);
    expect(Video.ordered(anOrder(), cause).failed(refusal)).not.toHaveProperty('preview');
  });

  it('is other work than a preview of it', () => {
    const order = anOrder();
    const [film, again, preview] = [order, order, { ...order, preview: true }].map(one => Video.ordered(one, cause));
    expect([film?.isSameWorkAs(again as Video), film?.isSameWorkAs(preview as Video)]).toEqual([true, false]);
  });

  it('given a reason, has failed and says why', () => {
    const video = Video.ordered(anOrder(), cause);
    const event = video.failed(refusal);
    expect(event).toBeInstanceOf(RenderFailed);
    expect(event).toEqual({ taskId: video.taskId, revision: 4, format: '16:9', ...refusal });
    expect(video).toMatchObject({ status: 'failed', errorCode: refusal.code, dueAt: null });
  });

  it('given that it has failed, is not done any more', () => {
    const video = Video.ordered(anOrder(), cause);
    video.failed(refusal);
    video.succeeded('https://f.example/film.mp4', undefined, 10);
    expect(video).toMatchObject({ status: 'failed', errorCode: refusal.code });
  });
});
