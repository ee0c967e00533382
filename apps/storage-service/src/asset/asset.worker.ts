import type { StoredFile } from '@castad/contracts';
import { AppError, ProviderError, SourceClient, toError } from '@castad/platform';
import { backOffMs, end, type Outcome, type Publish, type Reason, Worker } from '@castad/worker';
import { Injectable } from '@nestjs/common';
import { Semaphore } from 'async-mutex';
import { BlobClient, BlobDiffers } from '../azure/blob.client.ts';

import { StorageServiceConfig } from '../storage-service.config.ts';
import { acceptedTypes } from './accepted-types.ts';
import { Asset, type Source } from './asset.entity.ts';
import { blobPath } from './blob-path.ts';
import { FileRejected, IncomingFile } from './incoming-file.ts';

const MAX_TRIES = 8;
/** For a file that is not there (its host may learn of it a moment late), and one the film need not wait for. */
const FEW_TRIES = 3;

/** A few jobs more than copies, so that the copies go on while jobs are claimed and recorded. */
const JOBS_PER_COPY = 4;

const TIME_OVER: Reason = { code: 'DEADLINE_EXCEEDED', reason: 'The files were not stored in time.', retryable: true };

/** Copies the providers' files to our storage, so many at once and no more. */
@Injectable()
export class AssetWorker extends Worker<Asset> {
  private readonly copying: Semaphore;

  constructor(
    private readonly sources: SourceClient,
    private readonly blobs: BlobClient,
    private readonly config: StorageServiceConfig,
  ) {
    super(Asset, { concurrency: config.STORAGE_COPY_CONCURRENCY * JOBS_PER_COPY });
    this.copying = new Semaphore(config.STORAGE_COPY_CONCURRENCY);
  }

  protected override expire(asset: Asset, publish: Publish): void {
    if (asset.tries > 0) publish(asset.failed(lastError(asset) ?? TIME_OVER));
    else end(asset, 'expired');
  }

  protected async step(asset: Asset): Promise<Outcome<Asset>> {
    const files = [...asset.files];
    for (const source of asset.missing()) {
      try {
        files.push(await this.copying.runExclusive(() => this.copy(asset, source)));
      } catch (thrown) {
        const error = copyError(thrown);
        const { code } = error;
        const again = isWorthTrying(error, asset.tries + 1, source.optional);
        const cause = error.cause && toError(error.cause).message;
        this.logger.warn({ taskId: asset.taskId, name: source.name, code, again, cause }, 'a file was not copied');
        if (!source.optional || again || !code.startsWith('SOURCE_')) return outcome(asset, error, again, files);
      }
    }
    return { record: (saved, publish) => publish(saved.stored(files)) };
  }

  protected failed(asset: Asset, thrown: Error): Outcome<Asset> {
    const error = copyError(thrown);
    return outcome(asset, error, isWorthTrying(error, asset.tries + 1), asset.files);
  }

  private async copy({ taskId, revision, kind, ref }: Asset, { name, url }: Source): Promise<StoredFile> {
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
      await this.write(path, type.mime, file);
      return { name, path, contentType: type.mime, size: file.size, sha256: file.sha256 };
    } finally {
      await file?.close();
      stream.destroy();
    }
  }

  /**
   * Other content under our own path is what an earlier attempt left that nobody was told about: it is removed, and
   * the repeat writes anew (the stream cannot be read twice).
   */
  private async write(path: string, contentType: string, file: IncomingFile): Promise<void> {
    try {
      await this.blobs.write(path, contentType, file);
    } catch (error) {
      if (error instanceof BlobDiffers) await this.blobs.remove(path);
      throw error;
    }
  }
}

function outcome(asset: Asset, error: AppError, again: boolean, files: StoredFile[]): Outcome<Asset> {
  const { code, message: reason } = error;
  if (!again) return { record: (saved, publish) => publish(saved.failed({ code, reason, retryable: true })) };
  const retryAfterMs = error instanceof ProviderError ? error.retryAfterMs : undefined;
  return { record: saved => saved.troubled(code, reason, files), dueInMs: backOffMs(asset.tries, retryAfterMs) };
}

function isWorthTrying({ code, retriable }: AppError, tries: number, optional = false): boolean {
  const isGone = code === 'SOURCE_GONE';
  return (retriable || isGone) && tries < (isGone || optional ? FEW_TRIES : MAX_TRIES);
}

function copyError(thrown: unknown): AppError {
  if (thrown instanceof FileRejected)
    return new ProviderError(`SOURCE_${thrown.fault}`, thrown.message, { cause: thrown, retriable: thrown.retriable });
  if (thrown instanceof BlobDiffers)
    return new ProviderError('STORAGE_LEFTOVER', 'An earlier copy had to be removed first.', { retriable: true });
  if (thrown instanceof AppError) return thrown;
  return new ProviderError('INTERNAL_ERROR', 'Something went wrong on our side.', {
    cause: toError(thrown),
    retriable: true,
  });
}

const lastError = ({ errorCode, errorReason }: Asset): Reason | undefined =>
  errorCode ? { code: errorCode, reason: errorReason ?? errorCode, retryable: true } : undefined;
