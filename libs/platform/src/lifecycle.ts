import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { ServiceConfig } from './config.ts';

/** The order in which a stopping service lets go: first what brings work in, last what sends results out. */
const phases = ['consumers', 'workers', 'relay'] as const;
export type DrainPhase = (typeof phases)[number];

/** Says whether one part of the service can do its work. */
export interface Probe {
  name: string;
  /** What answers 503 while it fails: whether requests are sent here, whether messages are handled, or nothing. */
  decides: 'ready' | 'consumer' | 'nothing';
  /** Resolves when all is well; rejects with the reason otherwise. */
  check(): Promise<void> | void;
}

/** The one coordinator of a service's end, and the list of what tells how it is. */
@Injectable()
export class Lifecycle implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Lifecycle.name);
  private readonly drains: { phase: DrainPhase; stop: () => Promise<void> }[] = [];
  readonly probes: Probe[] = [];
  draining = false;

  constructor(private readonly config: ServiceConfig) {}

  onDrain(phase: DrainPhase, stop: () => Promise<void>): void {
    this.drains.push({ phase, stop });
  }

  addProbe(probe: Probe): void {
    this.probes.push(probe);
  }

  async beforeApplicationShutdown(signal?: string): Promise<void> {
    this.draining = true;
    this.logger.log({ signal }, 'draining');
    // Whatever still hangs then is safe to leave: leases run out, offsets were not committed, outbox rows stay.
    if (signal) {
      setTimeout(() => {
        this.logger.error('the drain took too long');
        process.exit(1);
      }, this.config.SHUTDOWN_TIMEOUT_MS).unref();
    }
    for (const phase of phases) {
      await Promise.all(this.drains.filter(drain => drain.phase === phase).map(({ stop }) => stop()));
    }
    this.logger.log('drained');
  }
}
