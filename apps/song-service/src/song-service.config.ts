import { ServiceConfig } from '@castad/platform';
import { IsInt, IsString, IsUrl, Min, MinLength } from 'class-validator';

export class SongServiceConfig extends ServiceConfig {
  /** The gateway's public address, where Suno's callbacks arrive. */
  @IsUrl({ require_tld: false, require_protocol: true })
  PUBLIC_URL!: string;

  @IsUrl({ require_tld: false, require_protocol: true })
  SUNO_BASE_URL: string = 'https://api.sunoapi.org';

  @MinLength(1)
  SUNO_API_KEY!: string;

  @IsString()
  SUNO_MODEL: string = 'V6';

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
