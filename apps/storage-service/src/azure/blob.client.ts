import { AppError, Conflict, ProviderError, toError } from '@castad/platform';
import {
  BlobSASPermissions,
  BlobServiceClient,
  type BlockBlobClient,
  type ContainerClient,
  RestError,
  SASProtocol,
  type BlobHTTPHeaders,
} from '@azure/storage-blob';
import { Injectable, type OnApplicationBootstrap, Logger } from '@nestjs/common';
import { Readable } from 'node:stream';
import { StorageServiceConfig } from '../storage-service.config.ts';

/** What is to be written. Size and hash are final once `chunks` has been read. */
export interface Content {
  /** All of it, where it is small enough for one request. */
  whole?: Buffer;
  chunks(): AsyncIterable<Buffer>;
  readonly size: number;
  readonly sha256: string;
}

const BLOCK_BYTES = 8 * 1024 * 1024;
const BLOCKS_AT_ONCE = 5;
const CLOCK_SKEW_MS = 10 * 60_000;
/** A path never gets other content, so whoever has it may keep it. */
const CACHE_CONTROL = 'private, max-age=31536000, immutable';

/** There is other content under that path. */
export class BlobDiffers extends Conflict {
  constructor() {
    super('BLOB_DIFFERS', 'Another file is stored under this name.');
  }
}

/** Azure Blob Storage. */
@Injectable()
export class BlobClient implements OnApplicationBootstrap {
  private readonly logger = new Logger(BlobClient.name);
  private readonly service: BlobServiceClient;
  private readonly container: ContainerClient;
  private created?: Promise<unknown>;

  constructor(private readonly config: StorageServiceConfig) {
    try {
      this.service = BlobServiceClient.fromConnectionString(config.AZURE_STORAGE_CONNECTION_STRING, {
        retryOptions: { maxTries: 1 }, // the worker retries
      });
      this.container = this.service.getContainerClient(config.AZURE_STORAGE_CONTAINER);
    } catch {
      throw new AppError('INVALID_CONFIG', 'AZURE_STORAGE_CONNECTION_STRING is not a connection string');
    }
  }

  onApplicationBootstrap(): void {
    this.containerExists().catch((error: unknown) => this.logger.warn(toError(error).message));
  }

  /**
   * Writes a file once. The same content again is no error.
   * @throws BlobDiffers when the path holds other content
   * @throws ProviderError `STORAGE_...`, or what reading the content threw: then nothing was written
   */
  async write(path: string, contentType: string, content: Content): Promise<void> {
    await this.containerExists();
    const blob = this.blob(path);
    const headers = { blobContentType: contentType, blobCacheControl: CACHE_CONTROL };
    try {
      if (content.whole) await this.writeWhole(blob, headers, content.whole, content.sha256);
      else await this.writeStream(blob, headers, content);
    } catch (error) {
      if (!isExisting(error)) throw this.storageError(error);
      if (!(await this.holds(blob, content))) throw new BlobDiffers();
    }
  }

  async remove(path: string): Promise<void> {
    await this.call(abortSignal => this.blob(path).deleteIfExists({ abortSignal }));
  }

  /** A link that lets anybody read one file for a time. It is a secret: never logged, stored or sent in a message. */
  async link(path: string, ttlMs: number, downloadName?: string): Promise<string> {
    const blob = this.blob(path);
    const now = Date.now();
    const url = await blob.generateSasUrl({
      permissions: BlobSASPermissions.parse('r'),
      startsOn: new Date(now - CLOCK_SKEW_MS),
      expiresOn: new Date(now + ttlMs),
      ...(blob.url.startsWith('https:') && { protocol: SASProtocol.Https }),
      ...(downloadName && { contentDisposition: `attachment; filename*=UTF-8''${encodeURIComponent(downloadName)}` }),
    });
    const { AZURE_PUBLIC_ENDPOINT: publicEndpoint } = this.config;
    if (!publicEndpoint) return url;
    return publicEndpoint.replace(/\/$/, '') + url.slice(this.service.url.replace(/\/$/, '').length);
  }

  private async writeWhole(
    blob: BlockBlobClient,
    blobHTTPHeaders: BlobHTTPHeaders,
    whole: Buffer,
    sha256: string,
  ): Promise<void> {
    await blob.upload(whole, whole.length, {
      blobHTTPHeaders,
      metadata: { sha256 },
      conditions: { ifNoneMatch: '*' },
      abortSignal: AbortSignal.timeout(this.config.HTTP_TIMEOUT_MS),
    });
  }

  /** The hash is known only after the last block, when the SDK has its metadata already. */
  private async writeStream(blob: BlockBlobClient, blobHTTPHeaders: BlobHTTPHeaders, content: Content): Promise<void> {
    const stream = Readable.from(content.chunks(), { objectMode: false });
    try {
      const { etag } = await this.inTime(
        blob.uploadStream(stream, BLOCK_BYTES, BLOCKS_AT_ONCE, {
          blobHTTPHeaders,
          conditions: { ifNoneMatch: '*' },
        }),
      );
      await blob.setMetadata(
        { sha256: content.sha256 },
        { conditions: { ifMatch: etag }, abortSignal: AbortSignal.timeout(this.config.HTTP_TIMEOUT_MS) },
      );
    } finally {
      stream.destroy();
    }
  }

  private async holds(blob: BlockBlobClient, { size, sha256 }: Content): Promise<boolean> {
    const { contentLength, metadata } = await this.call(abortSignal => blob.getProperties({ abortSignal }));
    return contentLength === size && metadata?.sha256 === sha256;
  }

  /** Made once per process, and again after it was found missing. */
  private async containerExists(): Promise<void> {
    this.created ??= this.call(abortSignal => this.container.createIfNotExists({ abortSignal }));
    try {
      await this.created;
    } catch (error) {
      this.created = undefined;
      throw error;
    }
  }

  private blob(path: string): BlockBlobClient {
    return this.container.getBlockBlobClient(path);
  }

  /** The SDK's own time-outs are the server's; a dead connection needs one of ours. */
  private async call<T>(work: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(AbortSignal.timeout(this.config.HTTP_TIMEOUT_MS));
    } catch (error) {
      throw this.storageError(error);
    }
  }

  /** An abort signal would not reach the staging of blocks. */
  private async inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('time-out')), this.config.STORAGE_COPY_TIMEOUT_MS);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private storageError(error: unknown): AppError {
    if (error instanceof AppError) return error;
    const { statusCode, request } = error instanceof RestError ? error : {};
    const code = errorCode(error);
    const requestId = request?.requestId ?? 'none';
    const cause = new Error(`blob storage answered ${statusCode ?? 'nothing'} ${code} (request ${requestId})`);
    if (code === 'ContainerNotFound') this.created = undefined;
    if (statusCode === 401 || statusCode === 403)
      return new ProviderError('STORAGE_UNAUTHORIZED', 'Our storage refuses our key.', {
        account: true,
        status: 502,
        cause,
      });
    return isRefusal(statusCode, code)
      ? new ProviderError('STORAGE_REFUSED', 'Our storage refuses the file.', { status: 502, cause })
      : new ProviderError('STORAGE_UNAVAILABLE', 'Our storage cannot be used now.', {
          retriable: true,
          status: 503,
          cause,
        });
  }
}

/** The answer to a HEAD has no body, so no code but the one in its headers. */
function errorCode(error: unknown): string {
  if (!(error instanceof RestError)) return toError(error).name;
  return error.code ?? (error.details as { errorCode?: string } | undefined)?.errorCode ?? error.name;
}

const isExisting = (error: unknown): boolean =>
  (error instanceof RestError && error.statusCode === 412) || errorCode(error) === 'BlobAlreadyExists';

/** Which of the client errors will not go away: not a missing container, a lease, a rate limit or another writer's blocks. */
const isRefusal = (status: number | undefined, code: string): boolean =>
  !!status &&
  status >= 400 &&
  status < 500 &&
  ![404, 408, 409, 412, 429].includes(status) &&
  code !== 'InvalidBlockList';
