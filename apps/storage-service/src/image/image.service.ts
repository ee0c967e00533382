import { deletedAmong, Outbox } from '@castad/messaging';
import { AppError, Conflict, Database, InvalidInput, ProviderError, SourceClient } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Semaphore } from 'async-mutex';
import type { FileTypeResult } from 'file-type';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Asset, UPLOADED } from '../asset/asset.entity.ts';
import { blobPath } from '../asset/blob-path.ts';
import { FileRejected, IncomingFile, type Limits } from '../asset/incoming-file.ts';
import { BlobClient, BlobDiffers } from '../azure/blob.client.ts';
import { StorageServiceConfig } from '../storage-service.config.ts';
import type { UploadedImage } from './image.dto.ts';
import { PhotoNormalizer } from './photo.ts';

const accepted = ['image/jpeg', 'image/png', 'image/webp'];
/** Photos in memory; the others are read when it is their turn. */
const UPLOADS_AT_ONCE = 8;

interface Original {
  bytes: Buffer;
  sha256: string;
  type: FileTypeResult;
}

type Expected = Pick<Limits, 'announcedBytes' | 'totalMs'>;

@Injectable()
export class ImageService {
  private readonly uploads = new Semaphore(UPLOADS_AT_ONCE);
  private readonly photos: PhotoNormalizer;

  constructor(
    private readonly blobs: BlobClient,
    private readonly sources: SourceClient,
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly config: StorageServiceConfig,
  ) {
    this.photos = new PhotoNormalizer(config.IMAGE_MAX_PIXELS);
  }

  upload(taskId: string, imageId: string, body: Readable, announcedBytes?: number): Promise<UploadedImage> {
    return this.take(taskId, imageId, body, { announcedBytes, totalMs: this.config.STORAGE_COPY_TIMEOUT_MS });
  }

  /** A file of somebody else's, by the rules for files from the public web. */
  async fetch(taskId: string, imageId: string, url: string): Promise<UploadedImage> {
    const endsAt = Date.now() + this.config.IMAGE_FETCH_TIMEOUT_MS;
    const { stream, announcedBytes } = await this.sources.open(url, endsAt).catch((error: unknown) => {
      throw fetchError(error);
    });
    try {
      const totalMs = Math.max(0, endsAt - Date.now());
      return await this.take(taskId, imageId, stream, { announcedBytes, totalMs });
    } finally {
      stream.destroy();
    }
  }

  private take(taskId: string, imageId: string, body: Readable, expected: Expected): Promise<UploadedImage> {
    return this.uploads.runExclusive(async () => {
      try {
        const original = await this.read(body, expected);
        const known = await this.database.read('requests', async em => {
          if ((await deletedAmong(em, [taskId])).has(taskId)) throw projectDeleted();
          return em.findOne(Asset, keyOf(taskId, imageId));
        });
        return known ? repeated(known, original) : await this.store(taskId, imageId, original);
      } catch (error) {
        throw uploadError(error);
      }
    });
  }

  /**
   * The blob goes first: if the row stays, a repeat finishes the work. What is uploaded again meanwhile stays: it has
   * another etag.
   */
  async remove(taskId: string, imageId: string): Promise<void> {
    const key = keyOf(taskId, imageId);
    const asset = await this.database.read('requests', em => em.findOne(Asset, key));
    if (!asset) return;
    for (const { path } of asset.files) await this.blobs.remove(path, asset.photo?.etag);
    await this.database.transaction('requests', async ({ em }) => {
      const now = await em.findOne(Asset, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (now?.photo?.etag === asset.photo?.etag) await em.nativeDelete(Asset, key);
    });
  }

  private async read(body: Readable, expected: Expected): Promise<Original> {
    const file = await IncomingFile.open(body, {
      ...expected,
      maxBytes: this.config.IMAGE_MAX_BYTES,
      idleMs: this.config.HTTP_TIMEOUT_MS,
    });
    try {
      const type = await file.type();
      if (!type || !accepted.includes(type.mime)) throw new FileRejected('WRONG_TYPE', type?.mime);
      const bytes = file.whole ?? (await buffer(file.chunks()));
      return { bytes, sha256: file.sha256, type };
    } finally {
      await file.close();
    }
  }

  private async store(taskId: string, imageId: string, { bytes, sha256, type }: Original): Promise<UploadedImage> {
    const photo = await this.photos.normalize(bytes);
    const { width, height } = photo;
    const path = blobPath([taskId, 'images', imageId], type.ext);
    const file = { path, contentType: type.mime, size: photo.bytes.length, sha256: hashOf(photo.bytes) };
    const content = { ...file, whole: photo.bytes, chunks: () => Readable.from(photo.bytes) };
    const etag = await this.blobs.write(path, type.mime, content);
    const asset = Asset.uploaded(taskId, imageId, file, { original: sha256, etag, width, height });
    await this.announce(asset);
    return viewOf(asset);
  }

  private async announce(asset: Asset): Promise<void> {
    await this.database.transaction('requests', async unit => {
      const key = keyOf(asset.taskId, asset.ref);
      const known = await unit.em.findOne(Asset, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (known) {
        // The same photo was stored at the same time, or its blob was just removed and is there again.
        known.photo = asset.photo;
        return;
      }
      unit.insertIfAbsent(asset);
      this.outbox.add(unit, asset.announced());
    });
  }
}

const keyOf = (taskId: string, ref: string) => ({ taskId, revision: UPLOADED, kind: 'image' as const, ref });

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function repeated(known: Asset, { sha256 }: Original): UploadedImage {
  if (sha256 !== (known.photo?.original ?? known.files[0]?.sha256)) throw imageExists();
  return viewOf(known);
}

function viewOf({ ref: imageId, files, photo }: Asset): UploadedImage {
  const { contentType, size, sha256 } = files[0] as Asset['files'][number];
  const original = photo?.original ?? sha256;
  return { imageId, contentType, size, sha256, original, ...(photo && { width: photo.width, height: photo.height }) };
}

const projectDeleted = () => new AppError('PROJECT_DELETED', 'The project was deleted.', { status: 410 });

const imageExists = (cause?: unknown) => new Conflict('IMAGE_EXISTS', 'There is another image of this id.', { cause });

function uploadError(error: unknown): unknown {
  if (error instanceof BlobDiffers) return imageExists(error);
  return error instanceof FileRejected ? rejection(error) : error;
}

/** Of a file that somebody named: what its host says is not told, as the host may be anybody's. */
function fetchError(error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  return error.code === 'SOURCE_NOT_PUBLIC'
    ? new InvalidInput('IMAGE_URL_NOT_PUBLIC', 'The address is not one of the public web.', { cause: error })
    : new InvalidInput('IMAGE_URL_UNREADABLE', 'No image can be fetched from this address now.', { cause: error });
}

function rejection(cause: FileRejected): AppError {
  if (cause.fault === 'TOO_LARGE')
    return new AppError('IMAGE_TOO_LARGE', 'The image is too large.', { status: 413, cause });
  if (cause.fault === 'TRUNCATED')
    return new AppError('IMAGE_INCOMPLETE', 'The image ended before it was complete.', { status: 400, cause });
  if (cause.fault === 'STALLED')
    return new AppError('IMAGE_TOO_SLOW', 'The image did not arrive in time.', { status: 408, cause });
  if (/^image\/hei[cf]/.test(cause.found ?? ''))
    return new AppError('IMAGE_HEIC', 'HEIC images cannot be used. Send JPEG, PNG or WebP.', { status: 415, cause });
  return new AppError('NOT_AN_IMAGE', 'The file is not a JPEG, PNG or WebP image.', { status: 415, cause });
}
