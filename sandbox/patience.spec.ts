import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { scaleLimits } from './patience.ts';

const before = process.env.TEST_PATIENCE;

beforeEach(() => {
  process.env.TEST_PATIENCE = '3';
});

afterEach(() => {
  process.env.TEST_PATIENCE = before;
});

it('scales the limits of tests and hooks, and leaves those without one to the default', () => {
  const inner = { hooks: [{ timeout: 20 }], children: [{ timeout: 30 }] };
  const suite = { hooks: [{}], children: [{}, inner] };
  scaleLimits(suite);
  expect(suite).toEqual({ hooks: [{}], children: [{}, { hooks: [{ timeout: 60 }], children: [{ timeout: 90 }] }] });
});
