import { InternalConfig, IsBaseUrl } from '@castad/platform';
import type { Stage } from '@castad/contracts';
import { IsInt, Max, Min } from 'class-validator';

/** How long after its deadline an order is waited for, and how long each of its stages may take. Milliseconds. */
export interface TimeLimits {
  graceMs: number;
  stageMs: Record<Stage, number>;
}

/** storage-service signs for no longer. */
const MAX_LINK_TTL_MS = 7 * 24 * 60 * 60_000;

export class GatewayConfig extends InternalConfig {
  /** storage-service, for uploads and links. */
  @IsBaseUrl()
  STORAGE_URL!: string;

  /** video-service, for checks of templates. */
  @IsBaseUrl()
  VIDEO_URL!: string;

  /** How long a film may take from its order. */
  @IsInt()
  @Min(1_000)
  FILM_DEADLINE_MS: number = 45 * 60_000;

  /** How long after the deadline a last result may still arrive. */
  @IsInt()
  @Min(0)
  FILM_DEADLINE_GRACE_MS: number = 10_000;

  /** How long each stage may take, waiting for its service included. */
  @IsInt()
  @Min(1_000)
  LYRIC_LIMIT_MS: number = 10 * 60_000;

  @IsInt()
  @Min(1_000)
  SONG_LIMIT_MS: number = 30 * 60_000;

  @IsInt()
  @Min(1_000)
  VIDEO_LIMIT_MS: number = 30 * 60_000;

  /** Bytes of one photo. */
  @IsInt()
  @Min(1)
  @Max(100 * 1024 * 1024)
  IMAGE_MAX_BYTES: number = 20 * 1024 * 1024;

  /** How long a link to a file works, where the client does not say. */
  @IsInt()
  @Min(1_000)
  @Max(MAX_LINK_TTL_MS)
  LINK_TTL_MS: number = 60 * 60_000;

  /** How long at most, whatever the client says. */
  @IsInt()
  @Min(1_000)
  @Max(MAX_LINK_TTL_MS)
  LINK_MAX_TTL_MS: number = MAX_LINK_TTL_MS;

  /** Uploads that one process takes at once; fewer than `HTTP_MAX_SOCKETS`, which links need too. */
  @IsInt()
  @Min(1)
  UPLOADS_MAX_CLIENTS: number = 10;

  /** Streams of events that one process keeps open at once. */
  @IsInt()
  @Min(0)
  EVENTS_MAX_CLIENTS: number = 1_000;

  timeLimits(): TimeLimits {
    const stageMs = { lyric: this.LYRIC_LIMIT_MS, song: this.SONG_LIMIT_MS, video: this.VIDEO_LIMIT_MS };
    return { graceMs: this.FILM_DEADLINE_GRACE_MS, stageMs };
  }
}
