import { Outbox } from '@castad/messaging';
import { AppError, Conflict, Database } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { Asset, UPLOADED } from '../asset/asset.entity.ts';
import { blobPath } from '../asset/blob-path.ts';
import { FileRejected, IncomingFile } from '../asset/incoming-file.ts';
import { BlobClient, BlobDiffers } from '../azure/blob.client.ts';
import { StorageServiceConfig } from '../storage-service.config.ts';
import type { UploadedImage } from './image.dto.ts';
import { type ImageSize, imageSize } from './image-size.ts';

const accepted = ['image/jpeg', 'image/png', 'image/webp'];

@Injectable()
export class ImageService {
  constructor(
    private readonly blobs: BlobClient,
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly config: StorageServiceConfig,
  ) {}

  async upload(taskId: string, imageId: string, body: Readable, announcedBytes?: number): Promise<UploadedImage> {
    try {
      const file = await IncomingFile.open(body, {
        announcedBytes,
        maxBytes: this.config.IMAGE_MAX_BYTES,
        idleMs: this.config.HTTP_TIMEOUT_MS,
        totalMs: this.config.STORAGE_COPY_TIMEOUT_MS,
      });
      try {
        return await this.store(taskId, imageId, file);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw uploadError(error);
    }
  }

  /** The blob goes first: if the row stays, a repeat finishes the work. */
  async remove(taskId: string, imageId: string): Promise<void> {
    const key = { taskId, revision: UPLOADED, kind: 'image' as const, ref: imageId };
    const asset = await this.database.read('requests', em => em.findOne(Asset, key));
    if (!asset) return;
    for (const { path } of asset.files) await this.blobs.remove(path);
    await this.database.transaction('requests', async ({ em }) => {
      await em.nativeDelete(Asset, key);
    });
  }

  private async store(taskId: string, imageId: string, file: IncomingFile): Promise<UploadedImage> {
    const type = await file.type();
    if (!type || !accepted.includes(type.mime)) throw new FileRejected('WRONG_TYPE', type?.mime);
    const size = imageSize(file.head, type.mime);
    if (size) this.refuseTooManyPixels(size);
    const path = blobPath([taskId, 'images', imageId], type.ext);
    await this.blobs.write(path, type.mime, file);
    const stored = { path, contentType: type.mime, size: file.size, sha256: file.sha256 };
    await this.announce(Asset.uploaded(taskId, imageId, stored));
    return { imageId, contentType: type.mime, size: file.size, sha256: file.sha256, ...size };
  }

  private async announce(asset: Asset): Promise<void> {
    const { taskId, revision, kind, ref } = asset;
    await this.database.transaction('requests', async unit => {
      if (await unit.em.findOne(Asset, { taskId, revision, kind, ref })) return;
      unit.insert(asset);
      this.outbox.add(unit, asset.announced());
    });
  }

  private refuseTooManyPixels({ width, height }: ImageSize): void {
    if (width * height > this.config.IMAGE_MAX_PIXELS)
      throw new AppError('IMAGE_TOO_LARGE', 'The image has too many pixels.', { status: 413 });
  }
}

function uploadError(error: unknown): unknown {
  if (error instanceof BlobDiffers)
    return new Conflict('IMAGE_EXISTS', 'There is another image of this id.', { cause: error });
  return error instanceof FileRejected ? rejection(error) : error;
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
