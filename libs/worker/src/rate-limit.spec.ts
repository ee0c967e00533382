import { describe, expect, it } from '@jest/globals';
import { Bucket } from './bucket.entity.ts';
import { atMost, type RateLimit } from './rate-limit.ts';

const START = Date.UTC(2030, 0, 1);
const at = (seconds: number) => new Date(START + seconds * 1_000);

const limitOf = (calls: number, seconds: number) => atMost('provider', calls, seconds).limit as RateLimit;

const bucketOf = (limit: RateLimit): Bucket =>
  Object.assign(new Bucket(), { name: 'provider', tokens: limit.burst, refilledAt: at(0) });

/** The times of calls by somebody who calls whenever the bucket lets him. */
function greedy(limit: RateLimit, seconds: number): number[] {
  const bucket = bucketOf(limit);
  const times: number[] = [];
  for (let ms = 0; ms < seconds * 1_000; ms += 10) {
    bucket.refill(limit, at(ms / 1_000));
    while (bucket.take()) times.push(ms / 1_000);
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
    [1, 10],
  ])('lets no more than %i calls through in %i seconds', (calls, seconds) => {
    expect(busiestWindow(greedy(limitOf(calls, seconds), seconds * 20), seconds)).toBeLessThanOrEqual(calls);
  });

  it('wastes little of what is allowed', () => {
    expect(greedy(limitOf(20, 10), 1_000).length).toBeGreaterThan(0.75 * 20 * 100);
  });
});

describe('a bucket', () => {
  const limit = { perSecond: 2, burst: 4, freshMs: 100 };

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

  it('takes back what was not used, and is never fuller than full', () => {
    const bucket = bucketOf(limit);
    bucket.tokens = 1.5;
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    bucket.giveBack(limit, 2);
    expect(bucket.tokens).toBe(2.5);
    bucket.giveBack(limit, 2);
    expect(bucket.tokens).toBe(4);
  });

  it('says when there will be a token', () => {
    const bucket = bucketOf(limit);
    bucket.tokens = 0.5;
    expect(bucket.nextMs(limit)).toBe(250);
    bucket.tokens = 1;
    expect(bucket.nextMs(limit)).toBe(0);
  });

  const refused = { code: 'NO_CREDITS', reason: 'No credits.', ms: 60_000 };

  it('is paused until the latest time that was asked for, which is news once', () => {
    const bucket = bucketOf(limit);
    expect(bucket.isPaused(at(0))).toBe(false);
    expect(bucket.pause(refused, at(0))).toBe(true);
    expect(bucket.pause({ ...refused, ms: 5_000 }, at(0))).toBe(false);
    expect(bucket.pausedMs(at(0))).toBe(60_000);
    expect(bucket.isPaused(at(61))).toBe(false);
    bucket.pause({ ...refused, ms: 29_000 }, at(61));
    expect(bucket.pausedMs(at(61))).toBe(29_000);
    expect(bucket.pause({ ...refused, code: 'WRONG_KEY' }, at(62))).toBe(true);
  });

  it('lets one order try, when the pause is over, whether the account is in order again', () => {
    const bucket = bucketOf(limit);
    bucket.pause(refused, at(0));
    expect([bucket.isToBeProbed(at(59)), bucket.isToBeProbed(at(60))]).toEqual([false, true]);
    bucket.probe(at(60));
    expect([bucket.isToBeProbed(at(61)), bucket.isPaused(at(61))]).toEqual([false, true]);
    bucket.lift();
    expect([bucket.isToBeProbed(at(62)), bucket.isPaused(at(62))]).toEqual([false, false]);
  });
});
