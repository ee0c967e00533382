import { Batcher } from '@castad/platform';
import { LockMode, type FilterQuery } from '@mikro-orm/core';
import type { Message } from '@castad/contracts';
import type { Bench } from './bench.ts';
import { calledBack, type PaidJob } from './paid-job.ts';

interface Callback {
  token: string;
  jobId: string;
}

/** What providers call back with: that a job of theirs, which bears a token of ours, is worth a look. */
export class Callbacks<J extends PaidJob & object> {
  private readonly batch = new Batcher<Callback, boolean>(callbacks => this.receiveAll(callbacks));

  constructor(
    private readonly of: Bench<J>,
    private readonly submitTaken: (job: J) => Message,
  ) {}

  /** False: nobody's token. */
  receive(callback: Callback): Promise<boolean> {
    return this.batch.add(callback);
  }

  private async receiveAll(callbacks: Callback[]): Promise<boolean[]> {
    const { database, entity, publisher } = this.of;
    const known = await database.transaction('requests', async unit => {
      const which = { token: { $in: callbacks.map(({ token }) => token) } } as FilterQuery<J>;
      const jobs = await unit.em.find(entity, which, { lockMode: LockMode.PESSIMISTIC_WRITE });
      const byToken = new Map(jobs.map(job => [job.token, job]));
      for (const { token, jobId } of callbacks) {
        const job = byToken.get(token);
        if (job && calledBack(job, jobId, unit.now)) publisher(unit, job)(this.submitTaken(job));
      }
      unit.wake(entity);
      return byToken;
    });
    return callbacks.map(({ token }) => known.has(token));
  }
}
