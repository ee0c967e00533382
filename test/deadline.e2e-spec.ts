import { aSongReady, eventually } from '@castad/testing';
import { deadLetterTopic, SongReady, topics as allTopics } from '@castad/contracts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(60_000);

describe('an order whose chain breaks', () => {
  let studio: Studio;

  beforeAll(async () => {
    studio = await startStudio({
      apps: ['gateway', 'lyric-service', 'video-service'],
      env: { STORAGE_URL: 'http://127.0.0.1:9', VIDEO_URL: 'http://127.0.0.1:9' },
      appEnv: { gateway: { FILM_DEADLINE_MS: '12000', FILM_DEADLINE_GRACE_MS: '500' } },
    });
  });

  afterAll(() => studio.close());

  const endsOf = async (taskId: string) =>
    (await studio.topics.read(allTopics.taskEvents.name)).filter(
      ({ key, type }) => key === taskId && type.startsWith('Task'),
    );

  it('ends at its deadline with a reason when a service stays away', async () => {
    const taskId = await studio.order();

    expect(await studio.ended(taskId)).toMatchObject({
      status: 'failed',
      error: { code: 'DEADLINE_EXCEEDED', reason: 'The song was not finished in time.', retryable: true },
      stages: [{ status: 'completed' }, { stage: 'song', status: 'failed' }, { status: 'pending' }],
    });
    await eventually(async () => expect((await endsOf(taskId)).map(({ type }) => type)).toEqual(['TaskFailed.v1']));
  });

  it('ends with the reason of the dead letter when a message of it is poison at video-service', async () => {
    const taskId = await studio.order();
    // Whole for everybody who only reads it, but its chosen track does not exist.
    await studio.topics.send([aSongReady({ taskId, chosenTrackId: 'nobody' })], { from: 'song-service' });

    const project = await studio.ended(taskId);

    expect(project).toMatchObject({ status: 'failed', error: { code: 'MESSAGE_REJECTED' } });
    expect(project.error?.reason).toBe(
      `video-service could not handle ${SongReady.type}: the chosen track is not among the tracks`,
    );
    const letters = (await studio.topics.read(deadLetterTopic('video-service'))).filter(({ key }) => key === taskId);
    expect(letters.map(({ headers }) => String(headers.dl_reason))).toEqual(['TRACK_MISSING']);
  });
});
