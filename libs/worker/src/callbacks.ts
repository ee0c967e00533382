import type { UnitOfWork } from '@castad/platform';
import { LockMode, type FilterQuery } from '@mikro-orm/core';
import type { Message } from '@castad/contracts';
import type { Bench } from './bench.ts';
import { calledBack, type PaidJob } from './paid-job.ts';

export interface Callback {
  token: string;
  jobId: string;
}

/** What providers call back with: that a job of theirs, which bears a token of ours, is worth a look. */
export class Callbacks<J extends PaidJob & object> {
  constructor(
    private readonly of: Bench<J>,
    private readonly submitTaken: (job: J) => Message,
  ) {}

  /** Wakes the job with this token, if there is one, when the unit is written. */
  receive(unit: UnitOfWork, { token, jobId }: Callback): void {
    unit.together(this.receiveAll, { token, jobId });
  }

  private readonly receiveAll = async (unit: UnitOfWork, callbacks: Callback[]): Promise<void> => {
    const { entity, publisher } = this.of;
    const which = { token: { $in: callbacks.map(({ token }) => token) } } as FilterQuery<J>;
    const jobs = await unit.em.find(entity, which, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const byToken = new Map(jobs.map(job => [job.token, job]));
    for (const { token, jobId } of callbacks) {
      const job = byToken.get(token);
      if (job && calledBack(job, jobId, unit.now)) publisher(unit, job)(this.submitTaken(job));
    }
    if (jobs.length > 0) unit.wake(entity);
  };
}
