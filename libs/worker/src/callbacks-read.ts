import type { Backlog } from '@castad/messaging';
import { toError } from '@castad/platform';
import type { Bench } from './bench.ts';

/**
 * Up to when all callbacks have been handled. They are durable in the log before a provider is answered, so one may
 * be there although its time has passed: this service, its database or the broker may have been away.
 */
export class CallbacksRead<J> {
  private until = -Infinity;
  private looking?: Promise<void>;

  constructor(
    private readonly of: Bench<J>,
    private readonly backlog: Backlog,
    private readonly topic: string,
  ) {}

  /** Whether it is known; if not, the broker is asked, and the answer is there the next time. */
  isKnownUntil(time: number): boolean {
    if (this.until < time) void this.look();
    return this.until >= time;
  }

  /** The same, with the broker's answer. */
  async isUntil(time: number): Promise<boolean> {
    if (this.until < time) await this.look();
    return this.until >= time;
  }

  private look(): Promise<void> {
    return (this.looking ??= this.ask().finally(() => (this.looking = undefined)));
  }

  private async ask(): Promise<void> {
    try {
      const now = await this.of.database.now();
      if (await this.backlog.isEmpty(this.topic)) this.until = now.getTime();
    } catch (error) {
      this.of.logger.warn({ error: toError(error).message }, 'cannot tell whether callbacks are left to read');
    }
  }
}
