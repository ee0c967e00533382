import { MIN_SECRET_LENGTH, ServiceConfig } from '@castad/platform';
import { IsInt, IsUrl, Max, Min, MinLength } from 'class-validator';

export class GatewayConfig extends ServiceConfig {
  /** storage-service, for uploads and links. */
  @IsUrl({ require_tld: false, require_protocol: true })
  STORAGE_URL!: string;

  @MinLength(MIN_SECRET_LENGTH)
  INTERNAL_SECRET!: string;

  /** How long a film may take from its order. */
  @IsInt()
  @Min(1_000)
  FILM_DEADLINE_MS: number = 45 * 60_000;

  /** How long after the deadline a last result may still arrive. */
  @IsInt()
  @Min(0)
  FILM_DEADLINE_GRACE_MS: number = 10_000;

  /** Bytes of one photo. */
  @IsInt()
  @Min(1)
  @Max(100 * 1024 * 1024)
  IMAGE_MAX_BYTES: number = 20 * 1024 * 1024;

  /** How long a link to a file works. */
  @IsInt()
  @Min(1_000)
  LINK_TTL_MS: number = 60 * 60_000;
}
