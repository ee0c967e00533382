import { SongFailed, SongReady } from '@castad/contracts';
import { aGenerateSong, aLyricGenerated, aTrack } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { Song } from './song.entity.ts';

const cause = {
  messageId: '01980000-0000-7000-8000-000000000001',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
};
const refusal = { code: 'SUNO_SENSITIVE_WORDS', reason: 'Suno refuses words of the lyric.', retryable: false };

describe('Song', () => {
  it.each([
    ['an order', aGenerateSong({ revision: 3 })],
    ['a lyric', aLyricGenerated({ revision: 3 })],
  ])('given %s, is due at once and knows all it needs', (_, message) => {
    const song = Song.ordered(message, cause);
    expect(song).toMatchObject({
      taskId: message.taskId,
      revision: 3,
      plan: message.plan,
      lyric: message.lyric,
      status: 'ordered',
      attempt: 0,
      jobIdConfirmed: false,
      causeId: cause.messageId,
      traceparent: cause.traceparent,
    });
    expect(song.dueAt?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(song.deadline).toEqual(new Date(message.plan.deadline));
  });

  it('given its tracks, is done and says so', () => {
    const song = Song.ordered(aLyricGenerated(), cause);
    const tracks = [aTrack({ trackId: 'a' }), aTrack({ trackId: 'b', lines: undefined })];
    const event = song.ready(tracks, 'a');
    expect(event).toBeInstanceOf(SongReady);
    expect(event).toEqual({
      taskId: song.taskId,
      revision: song.revision,
      plan: song.plan,
      title: 'Sea Breeze',
      tracks,
      chosenTrackId: 'a',
    });
    expect(song).toMatchObject({ status: 'done', tracks, chosenTrackId: 'a', dueAt: null, endedAt: expect.any(Date) });
  });

  it('given a reason, has failed and says why', () => {
    const song = Song.ordered(aLyricGenerated(), cause);
    const event = song.failed(refusal);
    expect(event).toBeInstanceOf(SongFailed);
    expect(event).toEqual({ taskId: song.taskId, revision: song.revision, ...refusal });
    expect(song).toMatchObject({ status: 'failed', errorCode: refusal.code, errorReason: refusal.reason, dueAt: null });
  });

  it('given that it is done, does not fail any more', () => {
    const song = Song.ordered(aLyricGenerated(), cause);
    song.ready([aTrack()], 'track-1');
    song.failed(refusal);
    expect(song).toMatchObject({ status: 'done', chosenTrackId: 'track-1' });
    expect(song.errorCode).toBeUndefined();
  });
});
