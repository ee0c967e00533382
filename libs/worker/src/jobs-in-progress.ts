import { toError } from '@castad/platform';
import type { Logger } from '@nestjs/common';
import type { Claimed } from './claims.ts';
import type { Job } from './job.ts';
import type { Leases } from './leases.ts';

/** The jobs that this process works on, and the places it has for them. Their leases are renewed as long as they are here. */
export class JobsInProgress<J extends Job & object> {
  private readonly owners = new Map<J, string>();
  private reserved = 0;
  private readonly renewal: NodeJS.Timeout;

  constructor(
    private readonly leases: Leases<J>,
    leaseMs: number,
    private readonly of: {
      places: number;
      logger: Logger;
      /** Tells how many there are. */
      report: (count: number) => void;
    },
  ) {
    of.report(0);
    this.renewal = setInterval(() => void this.renew(), leaseMs / 3);
  }

  get size(): number {
    return this.owners.size;
  }

  get isClaiming(): boolean {
    return this.reserved > 0;
  }

  /** Places for more jobs, less those that are kept for claims. */
  get free(): number {
    return this.of.places - this.owners.size - this.reserved;
  }

  /** Keeps places for a claim. Returns what gives them back, to be called when the claim has ended. */
  reserve(places: number): () => void {
    this.reserved += places;
    return () => (this.reserved -= places);
  }

  has(job: J): boolean {
    return this.owners.has(job);
  }

  add({ job, owner }: Claimed<J>): void {
    this.owners.set(job, owner);
    this.of.report(this.size);
  }

  delete(job: J): void {
    this.owners.delete(job);
    this.of.report(this.size);
  }

  /** Others may take these jobs at once, and need not wait for our leases. */
  async giveBack(which: (job: J) => boolean): Promise<void> {
    const jobs = [...this.owners].filter(([job]) => which(job));
    for (const [job] of jobs) this.delete(job);
    await this.attempt(this.leases.giveBack(jobs.map(([, owner]) => owner)), 'leases were not given back');
  }

  /** No lease is renewed any more. */
  end(): void {
    clearInterval(this.renewal);
  }

  private renew(): Promise<void> {
    return this.attempt(this.leases.renew([...this.owners.values()]), 'leases were not renewed');
  }

  private attempt(change: Promise<void>, otherwise: string): Promise<void> {
    return change.catch((error: unknown) => this.of.logger.warn({ error: toError(error).message }, otherwise));
  }
}
