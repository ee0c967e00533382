import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Claiming } from './claiming.ts';
import type { Claim, Claims } from './claims.ts';
import type { Job } from './job.ts';
import { JobsInProgress } from './jobs-in-progress.ts';
import type { Leases } from './leases.ts';

it('looks again when the row is due if a timed wake-up came too early, however long the poll', async () => {
  const claimed = Promise.withResolvers<number>();
  const claims = {
    takeUp: async () => [],
    dueInMs: jest
      .fn<() => Promise<number>>()
      .mockResolvedValue(0)
      .mockResolvedValueOnce(Infinity)
      .mockResolvedValueOnce(5),
    claim: async (limit: number): Promise<Claim<Job>> => {
      claimed.resolve(limit);
      return { claimed: [], more: false };
    },
  };
  const logger = new Logger();
  const leases = {} as Leases<Job>;
  const jobs = new JobsInProgress(leases, 3_600_000, { places: 7, logger, report: () => undefined });
  const of = { places: 7, pollMs: 3_600_000, logger, work: () => undefined };
  const claiming = new Claiming(claims as unknown as Claims<Job>, jobs, of);

  claiming.start();
  claiming.wake(1);

  expect(await claimed.promise).toBe(7);
  expect(claims.dueInMs).toHaveBeenCalledTimes(3);
  await claiming.stop(Infinity);
  jobs.end();
});
