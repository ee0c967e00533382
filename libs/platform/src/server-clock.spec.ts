import { expect, it } from '@jest/globals';
import { ServerClock } from './server-clock.ts';

const NOON = Date.UTC(2026, 0, 1, 12);

/** A clock that asked a server whose time is `NOON` plus the monotonic time; its answer came `ms` later. */
function askedAt(monotonic: number, ms: number, clock = new ServerClock()): ServerClock {
  clock.sample(NOON + monotonic + ms / 2, monotonic, monotonic + ms);
  return clock;
}

const errorOf = (clock: ServerClock, monotonic: number) => Math.abs(clock.at(monotonic).getTime() - NOON - monotonic);

it('is behind by no more than the answer took, and never ahead', () => {
  const clock = new ServerClock();
  clock.sample(NOON + 1_001, 1_000, 1_400);
  expect(clock.at(2_000).getTime()).toBe(NOON + 1_601);
});

it('is not changed by a slow answer', () => {
  const clock = askedAt(1_000, 2);
  const before = clock.at(61_200).getTime();

  // Said at once, and on its way back for long.
  clock.sample(NOON + 61_000, 61_000, 61_200);

  expect(clock.at(61_300).getTime()).toBe(before + 100);
});

it('asks again soon after a slow answer, and becomes exact with a fast one', () => {
  const clock = new ServerClock();
  clock.sample(NOON + 1_000, 1_000, 1_400);
  expect(clock.isFresh(2_000)).toBe(true);
  expect(clock.isFresh(2_500)).toBe(false);

  askedAt(2_500, 2, clock);

  expect(clock.isFresh(60_000)).toBe(true);
  expect(errorOf(clock, 3_000)).toBeLessThanOrEqual(2);
});

it('does not stand still when a fast answer follows a slow one', () => {
  const clock = new ServerClock();
  clock.sample(NOON + 1_399, 1_000, 1_400);
  const before = clock.at(2_500).getTime();

  clock.sample(NOON + 2_501, 2_500, 2_502);

  expect(clock.at(2_502).getTime()).toBeGreaterThan(before);
});

it('follows a server whose clock was put forward', () => {
  const clock = askedAt(0, 2);
  clock.sample(NOON + 90_000, 60_000, 60_002);
  expect(clock.at(60_002).getTime()).toBeGreaterThanOrEqual(NOON + 90_000);
});

it('stands still, and does not go back, while a server whose clock was put back catches up', () => {
  const clock = askedAt(0, 2);
  const before = clock.at(60_000);
  clock.sample(NOON + 30_000, 60_000, 60_002);
  expect(clock.at(60_010)).toEqual(before);
});
