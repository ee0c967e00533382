import { InternalConfig, IsBaseUrl } from '@castad/platform';
import { IsInt, IsOptional, IsString, Matches, Max, Min, ValidateBy, ValidateIf } from 'class-validator';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
export const MAX_LINK_TTL_MS = 7 * 24 * HOUR_MS;

export class StorageServiceConfig extends InternalConfig {
  /** With the account key: links are signed with it. */
  @ValidateIf(
    ({ AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_CONNECTION_STRING }: StorageServiceConfig) =>
      !AZURE_STORAGE_ACCOUNT || AZURE_STORAGE_CONNECTION_STRING !== undefined,
  )
  @Matches(/^UseDevelopmentStorage=true|AccountKey=/, {
    message:
      'AZURE_STORAGE_CONNECTION_STRING must hold an AccountKey; for an account without one set AZURE_STORAGE_ACCOUNT',
  })
  AZURE_STORAGE_CONNECTION_STRING?: string;

  /** Instead of it, where nobody has the account's key: its name or address. We come as an identity of Entra ID. */
  @IsOptional()
  @Matches(/^([a-z0-9]{3,24}|https:\/\/[^\s?#]+)$/, {
    message: 'AZURE_STORAGE_ACCOUNT must be the name of a storage account, or its https address',
  })
  @ValidateBy({
    name: 'alone',
    validator: {
      validate: (_, args) => !(args?.object as StorageServiceConfig).AZURE_STORAGE_CONNECTION_STRING,
      defaultMessage: () => 'AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_CONNECTION_STRING exclude each other',
    },
  })
  AZURE_STORAGE_ACCOUNT?: string;

  /** Which identity, where it is not the one that the machine or the workload has. Azure's library reads them. */
  @IsOptional()
  @IsString()
  AZURE_TENANT_ID?: string;

  @IsOptional()
  @IsString()
  AZURE_CLIENT_ID?: string;

  @IsOptional()
  @IsString()
  AZURE_CLIENT_SECRET?: string;

  @IsOptional()
  @IsString()
  AZURE_TOKEN_CREDENTIALS?: string;

  @Matches(/^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/, {
    message: 'AZURE_STORAGE_CONTAINER must be 3 to 63 small letters, digits and single hyphens',
  })
  AZURE_STORAGE_CONTAINER: string = 'castad';

  /** The account's address in links, where it is not the one this service uses. */
  @IsOptional()
  @IsBaseUrl()
  AZURE_PUBLIC_ENDPOINT?: string;

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

  /** Of an account that we have no key of. */
  blobEndpoint(): string | undefined {
    const account = this.AZURE_STORAGE_ACCOUNT;
    return account?.includes('/') ? account.replace(/\/+$/, '') : account && `https://${account}.blob.core.windows.net`;
  }
}
