import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { EventStream, type Sent, type Source } from './event-stream.ts';

const PAGE = 3;
const HELLO = (place: number) => `retry: 3000\nid: ${place}\n\n`;

/** A feed that gives three events at a time. */
class Feed implements Source {
  readonly events: Sent[] = [];
  reads = 0;
  isAway = false;

  add(...taskIds: string[]): void {
    for (const taskId of taskIds) {
      const position = this.events.length + 1;
      this.events.push({ position, taskId, isLast: false, text: `${position} ` });
    }
  }

  async pageAfter(place: number) {
    this.reads++;
    if (this.isAway) throw new Error('away');
    const events = this.events.filter(({ position }) => position > place).slice(0, PAGE);
    return { events, end: events.at(-1)?.position ?? place };
  }
}

describe('the stream of one client', () => {
  let feed: Feed;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    feed = new Feed();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const heard = async (texts: AsyncIterator<string>) => (await texts.next()).value as string;

  it('says where it begins, then everything after that place page by page', async () => {
    feed.add('a', 'b', 'a', 'b', 'a');
    const texts = new EventStream(feed, 1)[Symbol.asyncIterator]();
    expect(await heard(texts)).toBe(HELLO(1));
    expect(await heard(texts)).toBe('2 3 4 ');
    expect(await heard(texts)).toBe('5 ');
  });

  it('tells of one project alone, past pages that have nothing of it', async () => {
    feed.add('b', 'b', 'b', 'b', 'a', 'b', 'a');
    const texts = new EventStream(feed, 0, 'a')[Symbol.asyncIterator]();
    expect(await heard(texts)).toBe(HELLO(0));
    expect(await heard(texts)).toBe('5 ');
    expect(await heard(texts)).toBe('7 ');
  });

  it('ends with the last event of its project, and goes on for who hears all', async () => {
    feed.add('b', 'a');
    for (const event of feed.events) event.isLast = true;
    const [ofOne, ofAll] = [new EventStream(feed, 0, 'a'), new EventStream(feed, 0)];
    const said: string[] = [];
    for await (const text of ofOne) said.push(text);
    expect(said).toEqual([HELLO(0), '2 ']);
    const texts = ofAll[Symbol.asyncIterator]();
    await heard(texts);
    expect(await heard(texts)).toBe('1 2 ');
    feed.add('c');
    expect(await heard(texts)).toBe('3 ');
  });

  it('goes on as soon as it is woken, also when that was while it read', async () => {
    const stream = new EventStream(feed, 0);
    const texts = stream[Symbol.asyncIterator]();
    await heard(texts);
    const next = heard(texts);
    stream.wake();
    feed.add('a');
    expect(await next).toBe('1 ');
    const later = heard(texts);
    await jest.advanceTimersByTimeAsync(5_000);
    feed.add('a');
    stream.wake();
    expect(await later).toBe('2 ');
  });

  it('gives a sign of life when it has been quiet for long, whatever it was woken for', async () => {
    const stream = new EventStream(feed, 0, 'a');
    const texts = stream[Symbol.asyncIterator]();
    await heard(texts);
    for (let round = 0; round < 2; round++) {
      let said: string | undefined;
      void heard(texts).then(text => (said = text));
      for (let second = 0; second < 14; second++) {
        feed.add('b');
        stream.wake();
        await jest.advanceTimersByTimeAsync(1_000);
        expect(said).toBeUndefined();
      }
      await jest.advanceTimersByTimeAsync(1_000);
      expect(said).toBe(': still here\n\n');
    }
  });

  it('outlives a source that is away, and misses nothing', async () => {
    const texts = new EventStream(feed, 0)[Symbol.asyncIterator]();
    await heard(texts);
    feed.isAway = true;
    const next = heard(texts);
    await jest.advanceTimersByTimeAsync(10_000);
    feed.isAway = false;
    feed.add('a');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await next).toBe('1 ');
  });

  it('ends at once when it is closed, at rest or before it began', async () => {
    const stream = new EventStream(feed, 0);
    const texts = stream[Symbol.asyncIterator]();
    await heard(texts);
    const next = texts.next();
    await jest.advanceTimersByTimeAsync(1_000);
    stream.close();
    expect(await next).toEqual({ done: true, value: undefined });

    const unheard = new EventStream(feed, 0);
    unheard.close();
    const said: string[] = [];
    for await (const text of unheard) said.push(text);
    expect(said).toEqual([HELLO(0)]);
  });

  it('reads no further than its client takes', async () => {
    feed.add(...Array.from({ length: 300 }, () => 'a'));
    const taken: string[] = [];
    let take: (() => void) | undefined;
    const client = new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write(chunk: string, _, done) {
        taken.push(String(chunk));
        take = done;
      },
    });
    const stream = new EventStream(feed, 0);
    const readable = Readable.from(stream, { objectMode: false });
    readable.pipe(client);
    const quiet = () => new Promise(resolve => setImmediate(resolve));
    for (let turn = 0; turn < 50; turn++) await quiet();
    expect(feed.reads).toBeLessThanOrEqual(3);
    while (!taken.join('').includes('300 ')) {
      const done = take;
      take = undefined;
      done?.();
      await quiet();
    }
    expect(feed.reads).toBeGreaterThanOrEqual(100);
    expect(taken.join('').replace(HELLO(0), '').trim().split(' ').map(Number)).toEqual(
      feed.events.map(({ position }) => position),
    );
    readable.destroy();
    stream.close();
    await once(readable, 'close');
  });
});
