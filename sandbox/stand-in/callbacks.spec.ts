import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Callbacks, type Callback } from './callbacks.ts';
import { Clock } from './clock.ts';
import { eventually, receiver } from './harness.ts';

describe('callbacks', () => {
  let callbacks: Callbacks;
  let receivers: Awaited<ReturnType<typeof receiver>>[];

  beforeEach(() => {
    receivers = [];
    callbacks = new Callbacks(new Clock(0), true);
  });

  afterEach(async () => {
    callbacks.close();
    await Promise.all(receivers.map(each => each.close()));
  });

  async function receiverThat(answer?: (count: number) => number) {
    const made = await receiver(answer);
    receivers.push(made);
    return made;
  }

  const about = (url: string, more: Partial<Callback> = {}): Callback => ({
    url,
    job: 'job-1',
    event: 'complete',
    body: '{"done":true}',
    faults: [],
    retryMs: [1, 1, 1],
    ...more,
  });
  const struckBy = (kind: string, ms?: number) => ({ faults: [{ endpoint: '*', kind, ...(ms && { ms }) }] });

  it('are repeated until somebody takes them', async () => {
    const { url, received } = await receiverThat(count => (count < 3 ? 500 : 200));
    expect(await callbacks.send(about(url))).toBe(true);
    expect(received).toHaveLength(3);
    expect(callbacks.list().map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 500],
      [2, 500],
      [3, 200],
    ]);
  });

  it('are given up after the last repetition', async () => {
    const { url, received } = await receiverThat(() => 500);
    expect(await callbacks.send(about(url))).toBe(false);
    expect(received).toHaveLength(4);
  });

  it('survive a receiver that is away', async () => {
    const { url, close } = await receiver();
    await close();
    expect(await callbacks.send(about(url))).toBe(false);
    expect(callbacks.list()[0]).toMatchObject({ status: null, error: expect.stringContaining('ECONNREFUSED') });
  });

  it('survive an address that is none', async () => {
    expect(await callbacks.send(about('nowhere', { retryMs: [] }))).toBe(false);
  });

  it('can be lost without the sender noticing', async () => {
    const { url, received } = await receiverThat();
    expect(await callbacks.send(about(url, struckBy('callbacks-lost')))).toBe(true);
    expect(received).toEqual([]);
    expect(callbacks.list()).toMatchObject([{ error: 'lost' }]);
  });

  it('can be doubled', async () => {
    const { url, received } = await receiverThat();
    await callbacks.send(about(url, struckBy('callbacks-doubled')));
    await eventually(
      () => received.length,
      count => count === 2,
    );
  });

  it('can be late', async () => {
    const { url, received } = await receiverThat();
    const sent = callbacks.send(about(url, struckBy('callbacks-late', 30)));
    expect(callbacks.list()).toEqual([]);
    await sent;
    expect(received).toHaveLength(1);
  });

  it('can be switched off', async () => {
    const { url, received } = await receiverThat();
    const silent = new Callbacks(new Clock(0), false);
    await silent.send(about(url));
    silent.close();
    expect([received, silent.list()]).toEqual([[], []]);
  });
});
