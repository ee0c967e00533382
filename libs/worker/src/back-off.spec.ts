import { expect, it } from '@jest/globals';
import { backOffMs } from './back-off.ts';

const many = (tries: number, retryAfterMs?: number) =>
  Array.from({ length: 1_000 }, () => backOffMs(tries, retryAfterMs));

it.each([
  [0, 1_000],
  [1, 2_000],
  [3, 8_000],
  [6, 60_000],
  [1_000, 60_000],
])('after %i tries waits a random time up to %i ms', (tries, limit) => {
  const waits = many(tries);
  expect(Math.max(...waits)).toBeLessThanOrEqual(limit);
  expect(Math.max(...waits)).toBeGreaterThan(limit * 0.9);
  expect(Math.min(...waits)).toBeLessThan(limit * 0.1);
});

it('never comes sooner than it was asked to', () => {
  expect(Math.min(...many(0, 5_000))).toBeGreaterThanOrEqual(5_000);
});
