import { Batcher, type UnitOfWork } from '@castad/platform';
import type { Bench } from './bench.ts';
import type { Bucket } from './bucket.entity.ts';
import type { PaidJob } from './paid-job.ts';

/** A paid call that is about to be made. */
export interface Intent<J> {
  job: J;
  isProbe: boolean;
}

export interface Answer {
  mayCall: boolean;
  /** Where a call would be one too many: how long until it is not. */
  waitMs: number;
}

/**
 * The last thing before a paid call: in one statement the row of each job says that the call is made, if the row is
 * still ours, wanted and in time. Whoever finds the row so afterwards knows that the call may have been made.
 */
export class Intents<J extends PaidJob & object> {
  private readonly batch = new Batcher<Intent<J>, Answer>(intents => this.answerAll(intents));

  constructor(private readonly of: Bench<J>) {}

  /** May be asked again for the same attempt when no answer came. */
  ask(intent: Intent<J>): Promise<Answer> {
    return this.batch.add(intent);
  }

  private answerAll(intents: Intent<J>[]): Promise<Answer[]> {
    return this.of.database.transaction('background', async unit => {
      const bucket = await this.of.account?.lock(unit);
      const allowed = intents.filter(intent => this.isAllowed(intent, bucket, unit.now)).map(({ job }) => job);
      const begun = allowed.length > 0 ? await this.begin(unit, allowed) : new Set();
      const limit = this.of.account?.provider.limit;
      const waitMs = bucket && limit ? bucket.nextMs(limit) : 0;
      return intents.map(({ job }) => {
        const mayCall = begun.has(job.token);
        if (mayCall) job.submittedAt = unit.now;
        return { mayCall, waitMs: allowed.includes(job) ? 0 : waitMs };
      });
    });
  }

  /** Not beyond the provider's limit, and not while its account is refused. */
  private isAllowed({ job, isProbe }: Intent<J>, bucket: Bucket | undefined, now: Date): boolean {
    const { account } = this.of;
    if (!bucket || !account) return true;
    if (bucket.isPaused(now) && !isProbe) return false;
    if (!account.provider.limit || account.isGranted(job)) return true;
    if (!bucket.take()) return false;
    account.grant(job);
    return true;
  }

  /** The tokens of the attempts that may be made. Saying so again changes nothing. */
  private async begin({ em, now }: UnitOfWork, jobs: J[]): Promise<Set<unknown>> {
    const { tableName } = em.getMetadata().get(this.of.entity);
    const owners = jobs.map(({ leaseOwner }) => leaseOwner);
    const places = owners.map(() => '?').join(', ');
    const tokens = jobs.flatMap(({ leaseOwner, token }) => [leaseOwner, token]);
    const connection = em.getConnection();
    const transaction: unknown = em.getTransactionContext();
    await connection.execute(
      `update \`${tableName}\` job
       left join cancellation on cancellation.task_id = job.task_id and cancellation.revision >= job.revision
       set job.status = 'submitting', job.attempt = job.attempt + 1, job.submitted_at = ?,
         job.token = case job.lease_owner ${owners.map(() => 'when ? then ?').join(' ')} end
       where job.lease_owner in (${places}) and job.status = 'ordered' and job.lease_until > ? and job.deadline > ?
         and cancellation.task_id is null`,
      [now, ...tokens, ...owners, now, now],
      'run',
      transaction,
    );
    const begun = await connection.execute<{ token: string }[]>(
      `select token from \`${tableName}\`
       where lease_owner in (${places}) and status = 'submitting' and lease_until > ? and deadline > ?`,
      [...owners, now, now],
      'all',
      transaction,
    );
    return new Set(begun.map(({ token }) => token));
  }
}
