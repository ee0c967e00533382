import type { UserDelegationKey } from '@azure/storage-blob';
import { toError } from '@castad/platform';
import type { Logger } from '@nestjs/common';

const DAY_MS = 24 * 3_600_000;
/** Azure lets no key be good for longer. */
const KEY_MS = 7 * DAY_MS;
/** A link ends with its key at the latest, so a key is not used up to its end. */
const USE_MS = DAY_MS;
const LEAST_MS = DAY_MS;
const ASK_AGAIN_MS = 60_000;

/** Clocks differ a little. */
export const CLOCK_SKEW_MS = 10 * 60_000;

/** Azure's keys for links of an identity that has no account key: asked for once a day. */
export class DelegationKeys {
  private key?: UserDelegationKey;
  private renewAt = 0;
  private asking?: Promise<UserDelegationKey>;

  constructor(
    private readonly ask: (from: Date, to: Date) => Promise<UserDelegationKey>,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** @throws what Azure answered, where no key is good for another day */
  async current(now = Date.now()): Promise<UserDelegationKey> {
    if (this.key && now < this.renewAt) return this.key;
    this.asking ??= this.renew(now).finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async renew(now: number): Promise<UserDelegationKey> {
    const from = now - CLOCK_SKEW_MS;
    try {
      this.key = await this.ask(new Date(from), new Date(from + KEY_MS));
      this.renewAt = now + USE_MS;
      return this.key;
    } catch (error) {
      if (!this.key || this.key.signedExpiresOn.getTime() < now + LEAST_MS) throw error;
      this.logger.warn({ error: toError(error).message }, 'the key for links is not renewed yet');
      this.renewAt = now + ASK_AGAIN_MS;
      return this.key;
    }
  }
}
