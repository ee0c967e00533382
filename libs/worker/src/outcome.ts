import type { Message } from '@castad/contracts';
import type { Pause } from './bucket.entity.ts';

export type Publish = (message: Message) => void;

/** What a step leaves to be recorded. Without `dueInMs` the job is final. */
export interface Outcome<J> {
  /** Changes the reloaded, locked row; only while this worker still holds the lease. */
  record?(saved: J, publish: Publish): void;
  /** The same when the lease ran out or the job was cancelled meanwhile: for what must never be lost. */
  keep?(saved: J, publish: Publish): void;
  /** When to look again, unless somebody wakes the job before. */
  dueInMs?: number;
  /** The provider refuses the account. */
  pause?: Pause;
  /** The account's rate limit is reached: nobody calls the provider for so long. */
  slowMs?: number;
  /** The provider took new work, so its account is in order. */
  accepted?: boolean;
}

/** What a failed stage says of itself. */
export interface Reason {
  code: string;
  reason: string;
  retryable: boolean;
  /** The provider's own code and words, redacted and bounded. */
  detail?: string;
}
