import { IsString, Length, Matches } from 'class-validator';
import { Message, TOKEN } from './message.ts';

/**
 * A provider, or a stranger, called back: a hint to ask the provider about this job, and nothing more. `revision` is 0:
 * the token says which order it is about.
 */
export abstract class CalledBack extends Message {
  /** As it was in the address of the callback. */
  @Matches(TOKEN)
  token!: string;

  /** The provider's name for the work, as the callback has it. */
  @IsString()
  @Length(1, 100)
  jobId!: string;
}
