import { AppError, Conflict, InvalidInput, newId, toError, Unavailable } from '@castad/platform';
import { Injectable, Logger } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { GatewayConfig } from '../gateway.config.ts';
import { StorageClient } from '../storage/storage.client.ts';
import type { UploadedImage } from '../storage/storage.types.ts';

/** A photo that is sent, or its address on the web. */
export type Incoming = Readable | URL;

/** Photos on their way from clients to storage: of one request all or none, of all requests a bounded number. */
@Injectable()
export class Uploads {
  private readonly logger = new Logger(Uploads.name);
  private running = 0;

  constructor(
    private readonly storage: StorageClient,
    private readonly config: GatewayConfig,
  ) {}

  /**
   * Streams the files to storage one after the other, then has their rows written.
   * @throws AppError `TOO_MANY_UPLOADS`, `NO_FILE`, `TOO_MANY_IMAGES`, or what is wrong with a file
   */
  async take<T>(
    taskId: string,
    files: AsyncIterable<Incoming>,
    max: number,
    save: (uploaded: UploadedImage[]) => Promise<T>,
  ): Promise<T> {
    if (this.running >= this.config.UPLOADS_MAX_CLIENTS) throw tooManyUploads();
    this.running++;
    try {
      const uploaded = await this.upload(taskId, files, max);
      return await save(uploaded).catch(async (error: unknown) => {
        // The answer to a commit may be lost: rows without files would be worse than files without rows.
        if (!(error instanceof Unavailable))
          await this.discard(
            taskId,
            uploaded.map(({ imageId }) => imageId),
          );
        throw error;
      });
    } finally {
      this.running--;
    }
  }

  /** What cannot be removed now stays in storage, where nobody can reach it. */
  async discard(taskId: string, imageIds: string[]): Promise<void> {
    await Promise.all(
      imageIds.map(imageId =>
        this.storage
          .remove(taskId, imageId)
          .catch((error: unknown) =>
            this.logger.warn(
              { taskId, imageId, error: toError(error).message },
              'a photo nobody needs stays in storage',
            ),
          ),
      ),
    );
  }

  private async upload(taskId: string, files: AsyncIterable<Incoming>, max: number): Promise<UploadedImage[]> {
    const begun: string[] = [];
    const uploaded: UploadedImage[] = [];
    try {
      for await (const file of files) {
        if (begun.length >= max) throw tooMany(max);
        const imageId = newId();
        begun.push(imageId);
        uploaded.push(await this.pass(taskId, imageId, file));
      }
      if (uploaded.length === 0) throw new InvalidInput('NO_FILE', 'Send at least one file, as multipart/form-data.');
      return uploaded;
    } catch (error) {
      await this.discard(taskId, begun);
      throw error;
    }
  }

  /** What is wrong with the file itself is not storage's fault. */
  private async pass(taskId: string, imageId: string, file: Incoming): Promise<UploadedImage> {
    if (file instanceof URL) return this.storage.fetch(taskId, imageId, file.href);
    try {
      return await this.storage.upload(taskId, imageId, file);
    } catch (error) {
      throw file.errored instanceof AppError ? file.errored : error;
    }
  }
}

export const tooMany = (max: number) =>
  new Conflict('TOO_MANY_IMAGES', max === 1 ? 'Send one photo.' : `A project has at most ${max} images.`);

const tooManyUploads = () =>
  new AppError('TOO_MANY_UPLOADS', 'Too many clients are sending photos. Try again in a moment.', { status: 429 });
