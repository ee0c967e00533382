import { IsBaseUrl, ServiceConfig } from '@castad/platform';
import { IsIn, IsInt, Max, Min, MinLength } from 'class-validator';

export class LyricServiceConfig extends ServiceConfig {
  /** OpenAI, or any server that speaks its chat API. */
  @IsBaseUrl()
  OPENAI_BASE_URL: string = 'https://api.openai.com/v1';

  @MinLength(1)
  OPENAI_API_KEY!: string;

  @MinLength(1)
  OPENAI_MODEL: string = 'gpt-4o-mini';

  /** Room for one answer; a repeated call gets more. */
  @IsInt()
  @Min(64)
  OPENAI_MAX_TOKENS: number = 2_000;

  /** More room, for the thoughts of a model that reasons before it answers; it is given none until it does. */
  @IsInt()
  @Min(0)
  OPENAI_REASONING_TOKENS: number = 8_000;

  /** Whether briefs and lyrics are shown to the moderation before anything is paid for. Few servers have one. */
  @IsIn(['off', 'on'])
  OPENAI_MODERATION: 'off' | 'on' = 'off';

  /** Older and local servers know the limit by its former name. */
  @IsIn(['max_completion_tokens', 'max_tokens'])
  OPENAI_MAX_TOKENS_FIELD: 'max_completion_tokens' | 'max_tokens' = 'max_completion_tokens';

  /** Calls that may be made for one lyric. */
  @IsInt()
  @Min(1)
  @Max(10)
  OPENAI_MAX_CALLS: number = 3;

  @IsInt()
  @Min(1)
  LYRIC_CONCURRENCY: number = 32;
}
