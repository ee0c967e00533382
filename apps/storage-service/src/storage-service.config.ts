import { InternalConfig } from '@castad/platform';
import { IsInt, IsOptional, IsUrl, Matches, Max, Min } from 'class-validator';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
export const MAX_LINK_TTL_MS = 7 * 24 * HOUR_MS;

export class StorageServiceConfig extends InternalConfig {
  /** With the account key: links are signed with it. */
  @Matches(/^UseDevelopmentStorage=true|AccountKey=/, {
    message: 'AZURE_STORAGE_CONNECTION_STRING must hold an AccountKey',
  })
  AZURE_STORAGE_CONNECTION_STRING!: string;

  @Matches(/^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/, {
    message: 'AZURE_STORAGE_CONTAINER must be 3 to 63 small letters, digits and single hyphens',
  })
  AZURE_STORAGE_CONTAINER: string = 'castad';

  /** The account's address in links, where it is not the one this service uses. */
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true })
  AZURE_PUBLIC_ENDPOINT?: string;

  /** Shared with the services that upload and ask for links. */
  /** Files copied at once. */
  @IsInt()
  @Min(1)
  STORAGE_COPY_CONCURRENCY: number = 5;

  /** How long one copy may take. */
  @IsInt()
  @Min(100)
  STORAGE_COPY_TIMEOUT_MS: number = 600_000;

  /** How long a film waits for a poster or a second track that its host does not hand out. */
  @IsInt()
  @Min(0)
  STORAGE_OPTIONAL_WAIT_MS: number = 60_000;

  @IsInt()
  @Min(1)
  STORAGE_MAX_FILE_BYTES: number = 1024 * MIB;

  /** Outlives the provider's queue and render, which read through links. */
  @IsInt()
  @Min(60_000)
  @Max(MAX_LINK_TTL_MS)
  STORAGE_LINK_TTL_MS: number = 48 * HOUR_MS;

  @IsInt()
  @Min(1)
  IMAGE_MAX_BYTES: number = 20 * MIB;

  /** How long fetching a photo by its address may take; less than whoever asks for it waits. */
  @IsInt()
  @Min(100)
  IMAGE_FETCH_TIMEOUT_MS: number = 20_000;

  /** Width times height; more would exhaust whoever decodes it. */
  @IsInt()
  @Min(1)
  IMAGE_MAX_PIXELS: number = 100_000_000;

  override secrets(): string[] {
    const key = /AccountKey=([^;]+)/.exec(this.AZURE_STORAGE_CONNECTION_STRING)?.[1];
    return [...super.secrets(), ...(key ? [key] : [])];
  }
}
