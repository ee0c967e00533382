import { AppError, Conflict, explain, ProviderError, providerDetail, retryAfterMs, toError } from '@castad/platform';
import {
  BlobSASPermissions,
  type BlockBlobClient,
  type ContainerClient,
  RestError,
  SASProtocol,
  type BlobHTTPHeaders,
} from '@azure/storage-blob';
import { Injectable, type OnApplicationBootstrap, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { StorageServiceConfig } from '../storage-service.config.ts';
import { accountOf, type BlobAccount } from './blob-account.ts';
import { blocksOf } from './blocks.ts';
import { CLOCK_SKEW_MS } from './delegation-keys.ts';

/** What is to be written. Size and hash are final once `chunks` has been read. */
export interface Content {
  /** All of it, where it is small enough for one request. */
  whole?: Buffer;
  chunks(): AsyncIterable<Buffer>;
  readonly size: number;
  readonly sha256: string;
}

/** To one file, for whoever has it. `expiresAt` is ISO 8601: it works until then. */
export interface FileLink {
  url: string;
  expiresAt: string;
}

const BLOCK_BYTES = 8 * 1024 * 1024;
/** A path never gets other content, so whoever has it may keep it. */
const CACHE_CONTROL = 'private, max-age=31536000, immutable';

/** There is other content under that path. */
export class BlobDiffers extends Conflict {
  constructor(readonly etag: string | undefined) {
    super('BLOB_DIFFERS', 'Another file is stored under this name.');
  }
}

/** Azure Blob Storage. */
@Injectable()
export class BlobClient implements OnApplicationBootstrap {
  private readonly logger = new Logger(BlobClient.name);
  private readonly account: BlobAccount;
  private readonly container: ContainerClient;
  private created?: Promise<unknown>;

  constructor(private readonly config: StorageServiceConfig) {
    this.account = accountOf(config);
    this.container = this.account.service.getContainerClient(config.AZURE_STORAGE_CONTAINER);
  }

  onApplicationBootstrap(): void {
    this.containerExists().catch((error: unknown) =>
      this.logger.warn({ error: explain(error) }, 'the container cannot be used yet'),
    );
  }

  /**
   * Writes a file once, and returns its etag. The same content again is no error.
   * @throws BlobDiffers when the path holds other content
   * @throws ProviderError `STORAGE_...`, or what reading the content threw: then nothing was written
   */
  async write(path: string, contentType: string, content: Content): Promise<string> {
    await this.containerExists();
    const blob = this.blob(path);
    const headers = { blobContentType: contentType, blobCacheControl: CACHE_CONTROL };
    const overall = AbortSignal.timeout(this.config.STORAGE_COPY_TIMEOUT_MS);
    try {
      if (content.whole) return await this.writeWhole(blob, headers, content.whole, content.sha256);
      return await this.writeBlocks(blob, headers, content, overall);
    } catch (error) {
      if (!isWritten(error)) throw this.storageError(error);
      return await this.same(blob, content);
    }
  }

  /** Removes what a writer wrote; what another one wrote there since stays. Without an etag: whatever is there. */
  async remove(path: string, etag?: string): Promise<void> {
    const conditions = etag ? { ifMatch: etag } : {};
    try {
      await this.blob(path).delete({ conditions, deleteSnapshots: 'include', abortSignal: this.inTime() });
    } catch (error) {
      if (!isGone(error)) throw this.storageError(error);
    }
  }

  /** Removes all whose path begins so. Returns how many there were: after 0 there surely is none. */
  async removeAll(prefix: string): Promise<number> {
    try {
      const paths: string[] = [];
      for await (const { name } of this.container.listBlobsFlat({ prefix, abortSignal: this.inTime() }))
        paths.push(name);
      for (const path of paths) await this.remove(path);
      return paths.length;
    } catch (error) {
      if (isGone(error)) return 0;
      throw this.storageError(error);
    }
  }

  /**
   * A link that lets anybody read one file for a time. It is a secret: never logged, stored or sent in a message.
   * @throws ProviderError `STORAGE_...`
   */
  async link(path: string, ttlMs: number, contentDisposition?: string): Promise<FileLink> {
    const blob = this.blob(path);
    const now = Date.now();
    const options = {
      permissions: BlobSASPermissions.parse('r'),
      startsOn: new Date(now - CLOCK_SKEW_MS),
      expiresOn: new Date(now + ttlMs),
      ...(blob.url.startsWith('https:') && { protocol: SASProtocol.Https }),
      ...(contentDisposition && { contentDisposition }),
    };
    const url = await this.account.sign(blob, options).catch((error: unknown) => {
      throw this.storageError(error);
    });
    const { AZURE_PUBLIC_ENDPOINT: publicEndpoint } = this.config;
    const { service } = this.account;
    return {
      url: publicEndpoint ? publicEndpoint + url.slice(service.url.replace(/\/$/, '').length) : url,
      expiresAt: expiryOf(url),
    };
  }

  private async writeWhole(
    blob: BlockBlobClient,
    blobHTTPHeaders: BlobHTTPHeaders,
    whole: Buffer,
    sha256: string,
  ): Promise<string> {
    const conditions = { ifNoneMatch: '*' };
    const { etag } = await this.withContainer(() =>
      blob.upload(whole, whole.length, {
        blobHTTPHeaders,
        metadata: { sha256 },
        conditions,
        abortSignal: this.inTime(),
      }),
    );
    return etag ?? '';
  }

  /**
   * Block by block, so that one is in memory and a time-out is the end: the SDK's own upload of streams goes on behind
   * an abort, and may commit what was given up.
   */
  private async writeBlocks(
    blob: BlockBlobClient,
    blobHTTPHeaders: BlobHTTPHeaders,
    content: Content,
    overall: AbortSignal,
  ): Promise<string> {
    const ids: string[] = [];
    const upload = randomUUID();
    const abortSignal = () => AbortSignal.any([overall, this.inTime()]);
    for await (const block of blocksOf(content.chunks(), BLOCK_BYTES)) {
      const id = blockId(upload, ids.length);
      await this.withContainer(() => blob.stageBlock(id, block, block.length, { abortSignal: abortSignal() }));
      ids.push(id);
    }
    const { etag } = await blob.commitBlockList(ids, {
      blobHTTPHeaders,
      metadata: { sha256: content.sha256 },
      conditions: { ifNoneMatch: '*' },
      abortSignal: abortSignal(),
    });
    return etag ?? '';
  }

  /** The etag of what is there, if it is the same. @throws BlobDiffers */
  private async same(blob: BlockBlobClient, { size, sha256 }: Content): Promise<string> {
    try {
      const { contentLength, metadata, etag } = await blob.getProperties({ abortSignal: this.inTime() });
      if (contentLength !== size || metadata?.sha256 !== sha256) throw new BlobDiffers(etag);
      return etag ?? '';
    } catch (error) {
      throw this.storageError(error);
    }
  }

  /** Makes a container that somebody deleted again, in the middle of a file if need be. */
  private async withContainer<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== 'ContainerNotFound') throw error;
      this.created = undefined;
      await this.containerExists();
      return await work();
    }
  }

  /** Made once per process, and again after it was found missing. */
  private async containerExists(): Promise<void> {
    this.created ??= this.container.createIfNotExists({ abortSignal: this.inTime() });
    try {
      await this.created;
    } catch (error) {
      this.created = undefined;
      throw this.storageError(error);
    }
  }

  private blob(path: string): BlockBlobClient {
    return this.container.getBlockBlobClient(path);
  }

  /** The SDK's own time-outs are the server's; a dead connection needs one of ours. */
  private inTime(): AbortSignal {
    return AbortSignal.timeout(this.config.HTTP_TIMEOUT_MS);
  }

  private storageError(error: unknown): AppError {
    if (error instanceof AppError) return error;
    const { statusCode, request, response } = error instanceof RestError ? error : {};
    const waitMs = retryAfterMs(response?.headers.get('retry-after'));
    const code = errorCode(error);
    const requestId = response?.headers.get('x-ms-request-id') ?? request?.requestId ?? 'none';
    const detail = NO_IDENTITY.has(code)
      ? providerDetail([code, toError(error).message], this.config.redactor())
      : `blob storage answered ${statusCode ?? 'nothing'} ${code} (request ${requestId})`;
    const cause = new Error(detail);
    if (code === 'ContainerNotFound') this.created = undefined;
    if (statusCode === 401 || statusCode === 403 || NO_IDENTITY.has(code))
      return new ProviderError('STORAGE_UNAUTHORIZED', 'Our storage refuses our account.', {
        account: true,
        retriable: true,
        retryAfterMs: waitMs,
        status: 503,
        detail,
        cause,
      });
    return isRefusal(statusCode, code)
      ? new ProviderError('STORAGE_REFUSED', 'Our storage refuses the file.', { status: 502, detail, cause })
      : new ProviderError('STORAGE_UNAVAILABLE', 'Our storage cannot be used now.', {
          retriable: true,
          retryAfterMs: waitMs,
          status: 503,
          detail,
          cause,
        });
  }
}

/** Of one length, as Azure wants them, and of this upload alone: another one may be writing to the same path. */
const blockId = (upload: string, index: number): string =>
  Buffer.from(upload + String(index).padStart(12, '0')).toString('base64');

/** The answer to a HEAD has no body, so no code but the one in its headers. */
function errorCode(error: unknown): string {
  if (!(error instanceof RestError)) return toError(error).name;
  return error.code ?? (error.details as { errorCode?: string } | undefined)?.errorCode ?? error.name;
}

/** Entra ID gives us no token. */
const NO_IDENTITY = new Set(['AuthenticationError', 'AggregateAuthenticationError', 'CredentialUnavailableError']);

/** Somebody was first: perhaps a commit of our own whose answer was lost, or one that dropped our blocks. */
const isWritten = (error: unknown): boolean =>
  (error instanceof RestError && error.statusCode === 412) ||
  ['BlobAlreadyExists', 'InvalidBlockList'].includes(errorCode(error));

/** Not there, or not what was meant: somebody has written it anew. */
/** A key of an identity may end before the time that was asked for. */
const expiryOf = (url: string): string => new Date(new URL(url).searchParams.get('se') as string).toISOString();

const isGone = (error: unknown): boolean =>
  error instanceof RestError && (error.statusCode === 404 || error.statusCode === 412);

/** Which of the client errors will not go away: not a missing container, a lease, a rate limit or another writer's blocks. */
const isRefusal = (status: number | undefined, code: string): boolean =>
  !!status &&
  status >= 400 &&
  status < 500 &&
  ![404, 408, 409, 412, 429].includes(status) &&
  code !== 'InvalidBlockList';
