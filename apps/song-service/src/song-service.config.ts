import { IsBaseUrl, ServiceConfig } from '@castad/platform';
import { IsIn, IsInt, Matches, Min, MinLength } from 'class-validator';

export class SongServiceConfig extends ServiceConfig {
  /** The gateway's public address, where Suno's callbacks arrive. */
  @IsBaseUrl()
  PUBLIC_URL!: string;

  @IsBaseUrl()
  SUNO_BASE_URL: string = 'https://api.sunoapi.org';

  @MinLength(1)
  SUNO_API_KEY!: string;

  @Matches(/^V\d+(_[A-Z0-9]+)*$/, { message: 'SUNO_MODEL must be the name of a model, such as V6 or V4_5PLUS' })
  SUNO_MODEL: string = 'V6';

  /** Whether a song that Suno could not compose is ordered, and paid for, once more. */
  @IsIn(['on', 'off'])
  SUNO_SECOND_TRY: 'on' | 'off' = 'on';

  /** The account's limit. */
  @IsInt()
  @Min(1)
  SUNO_CALLS_PER_10S: number = 20;

  @IsInt()
  @Min(100)
  SUNO_POLL_MS: number = 30_000;

  /** How long a submit whose answer was lost waits for its callback. */
  @IsInt()
  @Min(0)
  SUNO_GRACE_MS: number = 600_000;

  /** How long one song may take. */
  @IsInt()
  @Min(1_000)
  SUNO_LIMIT_MS: number = 900_000;

  @IsInt()
  @Min(1)
  SONG_CONCURRENCY: number = 100;
}
