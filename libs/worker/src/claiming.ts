import { Pacemaker, Spacing, toError, type DueListener, type Ending, type UnitOfWork } from '@castad/platform';
import type { Logger } from '@nestjs/common';
import type { Claim, Claimed, Claims } from './claims.ts';
import type { Job } from './job.ts';
import type { JobsInProgress } from './jobs-in-progress.ts';

const MAX_BATCH = 500;
const SPACING_MS = 50;
const MAX_GATHER_MS = 250;
const MAX_FAILURE_PAUSE_MS = 5_000;

/**
 * When a worker claims: in the transaction that makes rows due, if it can start them at once, and otherwise in a loop
 * that is woken by commits and polls for what other processes left.
 */
export class Claiming<J extends Job & object> implements DueListener {
  private readonly pace: Pacemaker;
  private readonly spacing = new Spacing(SPACING_MS);
  /** There are rows that could not be started for want of places. */
  private backlog = false;
  /** Something is surely due; otherwise a look comes before the claim. */
  private isDue = false;
  private isFailing = false;
  private claimedAt = 0;
  private stopping = false;
  private ended?: Promise<void>;

  constructor(
    private readonly claims: Claims<J>,
    private readonly jobs: JobsInProgress<J>,
    private readonly of: { places: number; pollMs: number; logger: Logger; work: (claimed: Claimed<J>) => void },
  ) {
    this.pace = new Pacemaker(of.pollMs);
  }

  start(): void {
    this.ended = this.run();
  }

  /** Resolves when no claim is under way and none will follow, at the deadline at the latest. */
  async stop(deadline: number): Promise<void> {
    this.stopping = true;
    this.pace.wake();
    await this.ended;
    await this.until(() => !this.jobs.isClaiming, deadline);
  }

  /** After `stop`: waits for what ends in time. */
  async until(isSo: () => boolean, deadline: number): Promise<void> {
    while (!isSo() && Date.now() < deadline) await this.pace.rest(100);
  }

  wake(afterMs: number): void {
    if (afterMs === 0) this.wakeNow();
    else setTimeout(() => this.pace.wake(), afterMs).unref();
  }

  /** Under load the loop claims for many transactions together. */
  async join(unit: UnitOfWork): Promise<((ending: Ending) => void) | undefined> {
    const { free } = this.jobs;
    if (this.stopping || this.backlog || this.isFailing || free <= 0) return undefined;
    const limit = Math.min(free, MAX_BATCH);
    const release = this.jobs.reserve(limit);
    try {
      const claim = await this.claims.claimIn(unit, limit);
      return ending => {
        release();
        if (ending === 'committed') {
          this.begin(claim, limit);
          // The loop may have found no free place meanwhile.
          this.left();
          return;
        }
        if (ending === 'unknown') this.claims.unanswered(claim);
        this.wakeNow();
      };
    } catch (error) {
      release();
      this.isFailing = true;
      this.of.logger.warn({ error: toError(error).message }, 'cannot claim jobs with their commit');
      this.wakeNow();
      throw error;
    }
  }

  /** A place is free again. */
  left(): void {
    if (this.backlog || this.stopping) this.pace.wake();
  }

  private wakeNow(): void {
    this.isDue = true;
    this.pace.wake();
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        for (const one of await this.claims.takeUp()) this.of.work(one);
        const gatherMs = this.gatherMs();
        const dueInMs = this.isDue || this.backlog ? 0 : await this.claims.dueInMs();
        if (gatherMs + dueInMs === 0) await this.claim();
        failures = 0;
        this.isFailing = false;
        // A timed wake-up may come a moment too early: the clock that it was set by has been corrected since.
        await this.pace.rest(Math.min(Math.ceil(gatherMs + dueInMs) || this.of.pollMs, this.of.pollMs));
      } catch (error) {
        this.isFailing = this.isDue = true;
        this.of.logger.warn({ error: toError(error).message, failures: ++failures }, 'cannot claim jobs');
        await this.pace.rest(Math.min(100 * 2 ** failures, MAX_FAILURE_PAUSE_MS));
      }
    }
  }

  /**
   * How long to wait for more free places under load: one claim costs as much for one row as for twenty. Never for
   * long: the other places may be taken for minutes.
   */
  private gatherMs(): number {
    const { free } = this.jobs;
    if (!this.backlog || free <= 0 || free >= Math.floor(this.of.places / 4)) return 0;
    return Math.max(0, this.claimedAt + MAX_GATHER_MS - performance.now());
  }

  private async claim(): Promise<void> {
    await this.spacing.begin();
    this.isDue = false;
    const limit = Math.min(this.jobs.free, MAX_BATCH);
    if (limit <= 0) {
      this.backlog = true;
      return;
    }
    const release = this.jobs.reserve(limit);
    try {
      const claim = await this.claims.claim(limit);
      this.backlog = claim.more;
      this.spacing.carried(claim.claimed.length);
      this.begin(claim, limit);
    } finally {
      release();
    }
    this.claimedAt = performance.now();
  }

  private begin({ claimed, more }: Claim<J>, limit: number): void {
    for (const one of claimed) this.of.work(one);
    if (!more) return;
    this.backlog = true;
    // What ended without a call left its place free.
    if (claimed.length < limit) this.pace.wake();
  }
}
