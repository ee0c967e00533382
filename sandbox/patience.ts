import { spawnSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';

/** What `task` takes on a quiet machine, on which the limits of the tests are generous. */
const referenceMs = 170;
const task = 'for (let i = 0, sum = 0; i < 4e6; i++) sum = (sum + i * i) % 1e9';

/**
 * By how much every limit of a test grows: how slow the machine was when jest.config.js measured it, or how many
 * processes wait for each of its cores now.
 */
export function patience(): number {
  return Math.max(Number(process.env.TEST_PATIENCE ?? 1), (loadavg()[0] as number) / availableParallelism());
}

/** How many times slower than on a quiet machine a process starts and calculates; never less than 1. */
export function measurePatience(): number {
  const times = Array.from({ length: 3 }, () => {
    const startedAt = performance.now();
    spawnSync(process.execPath, ['--eval', task]);
    return performance.now() - startedAt;
  });
  return Math.max(1, Math.round((10 * Math.max(...times)) / referenceMs) / 10);
}

interface Limited {
  timeout?: number;
  hooks?: Limited[];
  children?: Limited[];
}

/** Scales the limits that tests and hooks state, however deep. */
export function scaleLimits(limited: Limited): void {
  if (limited.timeout) limited.timeout *= patience();
  limited.hooks?.forEach(scaleLimits);
  limited.children?.forEach(scaleLimits);
}
