import { MAX_IMAGES } from '@castad/contracts';
import { AppError, Conflict, Database, InvalidInput, newId, toError, Unavailable } from '@castad/platform';
import { Injectable, Logger } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { GatewayConfig } from '../gateway.config.ts';
import { brokenForm } from '../input/photos.ts';
import { StorageClient } from '../storage/storage.client.ts';
import type { UploadedImage } from '../storage/storage.types.ts';
import { Image } from './image.entity.ts';
import { lockProject } from './order.service.ts';

@Injectable()
export class ImageService {
  private readonly logger = new Logger(ImageService.name);
  private running = 0;

  constructor(
    private readonly database: Database,
    private readonly storage: StorageClient,
    private readonly config: GatewayConfig,
  ) {}

  /** Streams the files to storage one after the other. All of them are added, or none. */
  async add(taskId: string, files: AsyncIterable<Readable>): Promise<Image[]> {
    if (this.running >= this.config.UPLOADS_MAX_CLIENTS) throw tooManyUploads();
    this.running++;
    try {
      await this.database.transaction('requests', unit => lockProject(unit, taskId));
      return await this.save(taskId, await this.upload(taskId, files));
    } finally {
      this.running--;
    }
  }

  private async upload(taskId: string, files: AsyncIterable<Readable>): Promise<UploadedImage[]> {
    const begun: string[] = [];
    const uploaded: UploadedImage[] = [];
    try {
      for await (const file of files) {
        if (begun.length >= MAX_IMAGES) throw tooMany();
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

  /** A file that its client cut off is not storage's fault. */
  private async pass(taskId: string, imageId: string, file: Readable): Promise<UploadedImage> {
    try {
      return await this.storage.upload(taskId, imageId, file);
    } catch (error) {
      throw file.errored ? brokenForm(file.errored) : error;
    }
  }

  private async save(taskId: string, uploaded: UploadedImage[]): Promise<Image[]> {
    try {
      return await this.database.transaction('requests', async unit => {
        await lockProject(unit, taskId);
        const before = await unit.em.count(Image, { taskId });
        if (before + uploaded.length > MAX_IMAGES) throw tooMany();
        const images = uploaded.map(({ imageId, contentType, size }, i) =>
          Image.uploaded({ taskId, imageId, position: before + i, contentType, size }),
        );
        for (const image of images) unit.insert(image);
        return images;
      });
    } catch (error) {
      // The answer to a commit may be lost: rows without files would be worse than files without rows.
      if (!(error instanceof Unavailable))
        await this.discard(
          taskId,
          uploaded.map(({ imageId }) => imageId),
        );
      throw error;
    }
  }

  private async discard(taskId: string, imageIds: string[]): Promise<void> {
    await Promise.all(
      imageIds.map(imageId =>
        this.storage
          .remove(taskId, imageId)
          .catch((error: unknown) =>
            this.logger.warn({ taskId, imageId, error: toError(error).message }, 'a refused upload stays in storage'),
          ),
      ),
    );
  }
}

const tooMany = () => new Conflict('TOO_MANY_IMAGES', `A project has at most ${MAX_IMAGES} images.`);

const tooManyUploads = () =>
  new AppError('TOO_MANY_UPLOADS', 'Too many clients are sending photos. Try again in a moment.', { status: 429 });
