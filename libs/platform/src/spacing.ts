import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets work collect under load: after a pass that carried several items the next one begins no sooner than a little
 * later, and costs little more for what has come meanwhile. A pass that carried one item delays nobody.
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
