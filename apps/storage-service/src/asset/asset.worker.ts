import type { Format, Stage, StoredFile } from '@castad/contracts';
import { ProviderError, SourceClient, toError } from '@castad/platform';
import { asProviderError, backOffMs, end, errorOf, pauseFor, type Outcome, type Publish, Worker } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { Semaphore } from 'async-mutex';
import { BlobClient, BlobDiffers } from '../azure/blob.client.ts';
import { StorageServiceConfig } from '../storage-service.config.ts';
import { acceptedTypes } from './accepted-types.ts';
import { Asset } from './asset.entity.ts';
import { blobPath } from './blob-path.ts';
import { FileRejected, IncomingFile } from './incoming-file.ts';
import type { CopyFailure, Source } from './source.ts';

/** A few jobs more than copies, so that the copies go on while jobs are claimed and recorded. */
const JOBS_PER_COPY = 4;
const SOON_MS = 100;

/** Copies the providers' files to our storage, so many at once and no more. What is paid for is asked for to the end. */
@Injectable()
export class AssetWorker extends Worker<Asset> {
  private readonly copying: Semaphore;

  constructor(
    private readonly sources: SourceClient,
    private readonly blobs: BlobClient,
    private readonly config: StorageServiceConfig,
  ) {
    super(Asset, { concurrency: config.STORAGE_COPY_CONCURRENCY * JOBS_PER_COPY, account: { name: 'azure' } });
    this.copying = new Semaphore(config.STORAGE_COPY_CONCURRENCY);
  }

  protected override stageOf({ kind }: Asset): Stage | undefined {
    return kind === 'image' ? undefined : kind;
  }

  protected override formatOf({ kind, ref }: Asset): Format | undefined {
    return kind === 'video' ? (ref as Format) : undefined;
  }

  protected override isPreview({ isPreview }: Asset): boolean {
    return isPreview;
  }

  protected override expire(asset: Asset, publish: Publish): void {
    if (asset.errorCode) publish(asset.settled(asset));
    else end(asset, 'expired');
  }

  protected async step(asset: Asset, now: Date): Promise<Outcome<Asset>> {
    const begun = Date.now();
    const before = asset.files.length;
    const { STORAGE_OPTIONAL_WAIT_MS: patienceMs } = this.config;
    let error: ProviderError | undefined;
    for (const source of asset.open(now, patienceMs)) {
      try {
        asset.copied(await this.copying.runExclusive(() => this.copy(asset, source)));
      } catch (thrown) {
        error = copyError(thrown);
        asset.notCopied(source.name, this.noted(asset, source, error, now));
        // Without our storage the other files would be read in vain.
        if (!isOfSource(error)) break;
      }
    }
    if (!error || asset.open(now, patienceMs).length === 0)
      return { record: (saved, publish) => publish(saved.settled(asset)), accepted: asset.files.length > before };
    return again(asset, error, asset.deadline.getTime() - now.getTime() - (Date.now() - begun));
  }

  protected failed(asset: Asset, thrown: Error, now: Date): Outcome<Asset> {
    return again(asset, copyError(thrown), asset.deadline.getTime() - now.getTime());
  }

  private noted({ taskId, tries }: Asset, { name, optional }: Source, error: ProviderError, now: Date): CopyFailure {
    const { code, retriable, detail } = error;
    const cause = error.cause && toError(error.cause).message;
    this.logger.warn({ taskId, name, code, optional, tries, detail, cause }, 'a file was not copied');
    const isFinal = isOfSource(error) && !retriable;
    return { ...errorOf(error), ...(isOfSource(error) && { since: now.toISOString() }), isFinal };
  }

  private async copy(asset: Asset, { name, url }: Source): Promise<StoredFile> {
    const { taskId, revision, kind, ref } = asset;
    const { stream, announcedBytes } = await this.sources.open(url);
    let file: IncomingFile | undefined;
    try {
      file = await IncomingFile.open(stream, {
        announcedBytes,
        maxBytes: this.config.STORAGE_MAX_FILE_BYTES,
        idleMs: this.config.HTTP_TIMEOUT_MS,
        totalMs: this.config.STORAGE_COPY_TIMEOUT_MS,
      });
      const type = await file.type();
      if (!type || !acceptedTypes(kind, name).includes(type.mime)) throw new FileRejected('WRONG_TYPE', type?.mime);
      const path = blobPath([taskId, revision, kind, ref, name], type.ext);
      await this.write(asset, path, type.mime, file);
      return { name, path, contentType: type.mime, size: file.size, sha256: file.sha256 };
    } finally {
      await file?.close();
      stream.destroy();
    }
  }

  /**
   * Other content under our own path is what an earlier attempt left: it is removed, and the repeat writes anew (the
   * stream cannot be read twice). Without the lease it may be what another process has announced since.
   */
  private async write(asset: Asset, path: string, contentType: string, file: IncomingFile): Promise<void> {
    try {
      await this.blobs.write(path, contentType, file);
    } catch (error) {
      if (error instanceof BlobDiffers && (await this.isOurs(asset))) await this.blobs.remove(path, error.etag);
      throw error;
    }
  }

  /** Then all that was at its paths until now was announced by nobody. */
  private async isOurs({ taskId, revision, kind, ref, leaseOwner }: Asset): Promise<boolean> {
    const now = await this.database.read('background', em => em.findOne(Asset, { taskId, revision, kind, ref }));
    return now?.leaseOwner === leaseOwner;
  }
}

/** A copy costs nothing, so it is tried again until the deadline, which is met in time to tell the reason. */
function again(asset: Asset, error: ProviderError, remainingMs: number): Outcome<Asset> {
  const dueInMs = Math.max(SOON_MS, Math.min(backOffMs(asset.tries, error.retryAfterMs), remainingMs));
  return { record: saved => saved.troubled(asset, errorOf(error)), dueInMs, pause: pauseFor(error) };
}

const isOfSource = ({ code }: ProviderError): boolean => code.startsWith('SOURCE_');

function copyError(thrown: unknown): ProviderError {
  if (thrown instanceof FileRejected) {
    const { fault, found, message, retriable } = thrown;
    const detail = fault === 'WRONG_TYPE' ? `Its host sent ${found ?? 'something of no known type'}.` : undefined;
    return new ProviderError(`SOURCE_${fault}`, message, { cause: thrown, retriable, detail });
  }
  if (thrown instanceof BlobDiffers)
    return new ProviderError('STORAGE_LEFTOVER', 'An earlier copy had to be removed first.', { retriable: true });
  return asProviderError(thrown);
}
