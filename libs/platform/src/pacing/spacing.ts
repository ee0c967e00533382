import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets batches grow under load: after a batch of several items the next one starts after a short delay, and takes along
 * what has come meanwhile. A batch of one item delays nothing.
 */
export class Spacing {
  private notBefore = 0;

  constructor(private readonly ms: number) {}

  async begin(): Promise<void> {
    const wait = this.notBefore - performance.now();
    if (wait > 0) await delay(wait);
  }

  carried(items: number): void {
    this.notBefore = items > 1 ? performance.now() + this.ms : 0;
  }
}
