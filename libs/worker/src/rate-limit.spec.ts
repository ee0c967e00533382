import { describe, expect, it } from '@jest/globals';
import { atMost, Bucket, type RateLimit } from './rate-limit.ts';

const START = Date.UTC(2030, 0, 1);
const at = (seconds: number) => new Date(START + seconds * 1_000);

const bucketOf = (limit: RateLimit): Bucket =>
  Object.assign(new Bucket(), { name: limit.name, tokens: limit.burst, refilledAt: at(0) });

/** The times of calls by somebody who calls whenever the bucket lets him. */
function greedy(limit: RateLimit, seconds: number): number[] {
  const bucket = bucketOf(limit);
  const times: number[] = [];
  for (let ms = 0; ms < seconds * 1_000; ms += 10) {
    bucket.refill(limit, at(ms / 1_000));
    for (; bucket.tokens >= 1; bucket.tokens--) times.push(ms / 1_000);
  }
  return times;
}

const busiestWindow = (times: number[], seconds: number): number =>
  Math.max(...times.map(start => times.filter(time => time >= start && time < start + seconds).length));

describe('a limit of calls in any window', () => {
  it.each([
    [20, 10],
    [30, 10],
    [10, 1],
    [5, 10],
    [3, 10],
    [2, 10],
  ])('lets no more than %i calls through in %i seconds', (calls, seconds) => {
    expect(busiestWindow(greedy(atMost('provider', calls, seconds), seconds * 20), seconds)).toBeLessThanOrEqual(calls);
  });

  it('wastes little of what is allowed', () => {
    expect(greedy(atMost('provider', 20, 10), 1_000).length).toBeGreaterThan(0.75 * 20 * 100);
  });
});

describe('a bucket', () => {
  const limit = { name: 'provider', perSecond: 2, burst: 4 };

  it('fills with time, and never above its size', () => {
    const bucket = bucketOf(limit);
    bucket.tokens = 0;
    bucket.refill(limit, at(1));
    expect(bucket.tokens).toBe(2);
    bucket.refill(limit, at(100));
    expect(bucket.tokens).toBe(4);
  });

  it('pays no moment out twice, though clocks differ', () => {
    const bucket = bucketOf(limit);
    bucket.tokens = 0;
    for (let i = 0; i < 10; i++) {
      bucket.refill(limit, at(1));
      bucket.refill(limit, at(0.5));
    }
    expect(bucket.tokens).toBe(2);
  });

  it('is paused until the latest time that was asked for', () => {
    const bucket = bucketOf(limit);
    expect(bucket.pausedMs(at(0))).toBe(0);
    bucket.pause(at(60));
    bucket.pause(at(5));
    expect(bucket.pausedMs(at(0))).toBe(60_000);
    expect(bucket.pausedMs(at(61))).toBeLessThanOrEqual(0);
    bucket.pause(at(90));
    expect(bucket.pausedMs(at(61))).toBe(29_000);
  });
});
