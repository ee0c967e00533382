import { topics as allTopics } from '@castad/contracts';
import { eventually } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(120_000);

const FILMS = 10;

describe('the walk of a film through two instances of each service', () => {
  let studio: Studio;

  beforeAll(async () => {
    const two = { gateway: 2, 'lyric-service': 2, 'song-service': 2, 'video-service': 2, 'storage-service': 2 };
    const appEnv = { 'song-service': { SUNO_POLL_MS: '500' }, 'video-service': { CREATOMATE_POLL_MS: '500' } };
    studio = await startStudio({ instances: two, appEnv });
  });

  afterAll(() => studio.close());

  beforeEach(() => studio.reset());

  const order = () => Promise.all(Array.from({ length: FILMS }, () => studio.order()));

  /** Only Kafka is watched: nobody asks the API how things stand. */
  const completions = (taskIds: string[]) =>
    eventually(async () => {
      const seen = await studio.topics.read(allTopics.taskEvents.name);
      const ends = seen.filter(({ key }) => taskIds.includes(key));
      expect(new Set(ends.map(({ key }) => key)).size).toBe(taskIds.length);
      return ends;
    }, 60_000);

  it('brings every film to its end though nobody polls', async () => {
    const taskIds = await order();

    const ends = await completions(taskIds);

    expect(ends.map(({ type }) => type)).toEqual(taskIds.map(() => 'TaskCompleted.v1'));
    expect(await studio.submits('suno')).toHaveLength(FILMS);
    expect(await studio.submits('creatomate')).toHaveLength(FILMS);
  });

  it('leaves a film, a poster, a song and captions that can be fetched', async () => {
    const taskId = await studio.order();
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });

    for (const [path, type] of [
      ['video', 'video/mp4'],
      ['poster', 'image/jpeg'],
      ['song', 'audio/mpeg'],
    ]) {
      const link = await studio.api(`/v1/projects/${taskId}/${path}`, { redirect: 'manual' });
      expect(link.status).toBe(302);
      const file = await fetch(link.headers.get('location') as string);
      expect([file.status, file.headers.get('content-type')]).toEqual([200, type]);
      expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    }
    const captions = await (await studio.api(`/v1/projects/${taskId}/captions.srt`)).text();
    expect(captions).toMatch(/^1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n\S/);
  });

  it('brings every film to its end though every callback is lost', async () => {
    await studio.fault('suno', { endpoint: '*', kind: 'callbacks-lost' });
    await studio.fault('creatomate', { endpoint: '*', kind: 'callbacks-lost' });
    const taskIds = await order();

    const ends = await completions(taskIds);

    expect(ends.every(({ type }) => type === 'TaskCompleted.v1')).toBe(true);
    expect(await studio.submits('suno')).toHaveLength(FILMS);
    expect(await studio.submits('creatomate')).toHaveLength(FILMS);
  });

  it('pays nothing twice though every message is delivered three times', async () => {
    const stop = await deliverThrice(studio);
    try {
      const taskIds = await order();
      const ends = await completions(taskIds);
      expect(ends.every(({ type }) => type === 'TaskCompleted.v1')).toBe(true);
      expect(new Set(ends.map(({ headers }) => String(headers.ce_id))).size).toBe(FILMS);
      expect(await studio.submits('suno')).toHaveLength(FILMS);
      expect(await studio.submits('creatomate')).toHaveLength(FILMS);
      expect((await studio.requests('openai', '?path=/v1/chat/completions')).count).toBe(FILMS);
    } finally {
      await stop();
    }
  });
});

/** Sends each record that appears in any topic twice more. */
async function deliverThrice({ topics }: Studio): Promise<() => Promise<void>> {
  const consumer = topics.kafka.consumer({ groupId: 'thrice', maxWaitTimeInMs: 20 });
  await consumer.connect();
  await consumer.subscribe({ topics: Object.values(allTopics).map(({ name }) => name), fromBeginning: false });
  const joined = new Promise<void>(resolve => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    eachMessage: async ({ topic, message: { key, value, headers } }) => {
      if (headers?.copy) return;
      const copy = { key, value, headers: { ...headers, copy: 'yes' } };
      await topics.sendRaw(topic, [copy, copy]);
    },
  });
  await joined;
  return () => consumer.disconnect();
}
