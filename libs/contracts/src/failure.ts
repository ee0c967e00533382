import { IsBoolean } from 'class-validator';
import { Message } from './message.ts';
import { IsCode, IsDetail, IsReason } from './reason.ts';

/** A stage ended without its result. */
export abstract class Failure extends Message {
  /** Stable and machine-readable, `UPPER_SNAKE`. */
  @IsCode()
  code!: string;

  /** One sentence for a person, in our words; never a secret or a stack. */
  @IsReason()
  reason!: string;

  /** Whether a person's retry can succeed without changing the order. */
  @IsBoolean()
  retryable!: boolean;

  /** The provider's own code and words, redacted and bounded: what a person needs to put it right. */
  @IsDetail()
  detail?: string;
}
