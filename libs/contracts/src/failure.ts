import { IsBoolean, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { Message } from './message.ts';

/** A stage ended without its result. */
export abstract class Failure extends Message {
  /** Stable and machine-readable, `UPPER_SNAKE`. */
  @IsString()
  @Length(1, 64)
  code!: string;

  /** One sentence for a person, in our words; never a secret or a stack. */
  @IsString()
  @MaxLength(1000)
  reason!: string;

  /** Whether a person's retry can succeed without changing the order. */
  @IsBoolean()
  retryable!: boolean;

  /** The provider's own code and words, redacted and bounded: what a person needs to put it right. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  detail?: string;
}
