import { expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { Pacemaker } from './pacemaker.ts';

const HOUR_MS = 3_600_000;

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await work();
  return performance.now() - before;
};

it('rests until time has passed', async () => {
  expect(await timed(() => new Pacemaker(30).rest())).toBeGreaterThan(25);
  expect(await timed(() => new Pacemaker(HOUR_MS).rest(30))).toBeGreaterThan(25);
});

it('is woken while it rests', async () => {
  const pace = new Pacemaker(HOUR_MS);
  const rest = pace.rest();
  pace.wake();
  expect(await rest).toBe(true);
  expect(await pace.rest(1)).toBe(false);
});

it('does not lose a wake that came while it worked, and counts several as one', async () => {
  const pace = new Pacemaker(30);
  pace.wake();
  pace.wake();
  expect(await timed(() => pace.rest())).toBeLessThan(25);
  expect(await timed(() => pace.rest())).toBeGreaterThan(25);
});
