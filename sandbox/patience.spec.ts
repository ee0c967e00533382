import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { availableParallelism, loadavg } from 'node:os';
import { patience, scaleLimits } from './patience.ts';

const before = process.env.TEST_PATIENCE;

beforeEach(() => {
  process.env.TEST_PATIENCE = '1000';
});

afterEach(() => {
  process.env.TEST_PATIENCE = before;
});

it('scales the limits of tests and hooks, and leaves those without one to the default', () => {
  const inner = { hooks: [{ timeout: 20 }], children: [{ timeout: 30 }] };
  const suite = { hooks: [{}], children: [{}, inner] };
  scaleLimits(suite);
  expect(suite).toEqual({
    hooks: [{}],
    children: [{}, { hooks: [{ timeout: 20_000 }], children: [{ timeout: 30_000 }] }],
  });
});

it('grows with the number of processes that wait for a core', () => {
  process.env.TEST_PATIENCE = '0';
  const waiting = () => (loadavg()[0] as number) / availableParallelism();
  const before = waiting();
  const now = patience();
  expect([before, waiting()]).toContain(now);
});
