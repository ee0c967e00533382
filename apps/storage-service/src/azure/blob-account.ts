import type { TokenCredential } from '@azure/identity';
import { type BlobGenerateSasUrlOptions, BlobServiceClient, type BlockBlobClient } from '@azure/storage-blob';
import { AppError } from '@castad/platform';
import { Logger } from '@nestjs/common';
import type { StorageServiceConfig } from '../storage-service.config.ts';
import { DelegationKeys } from './delegation-keys.ts';

export interface LinkOptions extends BlobGenerateSasUrlOptions {
  expiresOn: Date;
}

/** A storage account, and how we sign links to its files. */
export interface BlobAccount {
  service: BlobServiceClient;
  sign(blob: BlockBlobClient, options: LinkOptions): Promise<string>;
}

// the worker retries
const pipeline = { retryOptions: { maxTries: 1 } };

/** With the account's key, or as an identity of Entra ID. */
export function accountOf(config: StorageServiceConfig): BlobAccount {
  const endpoint = config.blobEndpoint();
  return endpoint ? ofIdentity(endpoint, config.HTTP_TIMEOUT_MS) : ofKey(config.AZURE_STORAGE_CONNECTION_STRING ?? '');
}

function ofKey(connectionString: string): BlobAccount {
  try {
    const service = BlobServiceClient.fromConnectionString(connectionString, pipeline);
    return { service, sign: (blob, options) => blob.generateSasUrl(options) };
  } catch {
    throw new AppError('INVALID_CONFIG', 'AZURE_STORAGE_CONNECTION_STRING is not a connection string');
  }
}

function ofIdentity(endpoint: string, timeoutMs: number): BlobAccount {
  const service = new BlobServiceClient(endpoint, new Identity(), pipeline);
  const inTime = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });
  const keys = new DelegationKeys(
    (from, to) => service.getUserDelegationKey(from, to, inTime()),
    new Logger(DelegationKeys.name),
  );
  return {
    service,
    sign: async (blob, { expiresOn, ...options }) => {
      const key = await keys.current();
      const end = new Date(Math.min(expiresOn.getTime(), key.signedExpiresOn.getTime()));
      return blob.generateUserDelegationSasUrl({ ...options, expiresOn: end }, key);
    },
  };
}

/** Whoever the process runs as. Azure's library is large, so it is loaded by those alone who have no account key. */
class Identity implements TokenCredential {
  private credential?: Promise<TokenCredential>;

  async getToken(...question: Parameters<TokenCredential['getToken']>) {
    this.credential ??= import('@azure/identity').then(({ DefaultAzureCredential }) => new DefaultAzureCredential());
    return (await this.credential).getToken(...question);
  }
}
