import { MAX_IMAGES } from '@castad/contracts';
import { Conflict, Database, InvalidInput, newId, toError } from '@castad/platform';
import { Injectable, Logger } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { StorageClient } from '../storage/storage.client.ts';
import type { UploadedImage } from '../storage/storage.types.ts';
import { Image } from './image.entity.ts';
import { lockProject } from './order.service.ts';

@Injectable()
export class ImageService {
  private readonly logger = new Logger(ImageService.name);

  constructor(
    private readonly database: Database,
    private readonly storage: StorageClient,
  ) {}

  /** Streams the files to storage one after the other. All of them are added, or none. */
  async add(taskId: string, files: AsyncIterable<Readable>): Promise<Image[]> {
    await this.database.transaction('requests', unit => lockProject(unit, taskId));
    const uploaded: UploadedImage[] = [];
    try {
      for await (const file of files) {
        if (uploaded.length >= MAX_IMAGES) throw tooMany();
        uploaded.push(await this.storage.upload(taskId, newId(), file));
      }
      if (uploaded.length === 0) throw new InvalidInput('NO_FILE', 'Send at least one file, as multipart/form-data.');
      return await this.save(taskId, uploaded);
    } catch (error) {
      await Promise.all(uploaded.map(({ imageId }) => this.discard(taskId, imageId)));
      throw error;
    }
  }

  private save(taskId: string, uploaded: UploadedImage[]): Promise<Image[]> {
    return this.database.transaction('requests', async unit => {
      await lockProject(unit, taskId);
      const before = await unit.em.count(Image, { taskId });
      if (before + uploaded.length > MAX_IMAGES) throw tooMany();
      const images = uploaded.map(({ imageId, contentType, size }, i) =>
        Image.uploaded({ taskId, imageId, position: before + i, contentType, size }),
      );
      for (const image of images) unit.insert(image);
      return images;
    });
  }

  private async discard(taskId: string, imageId: string): Promise<void> {
    await this.storage
      .remove(taskId, imageId)
      .catch((error: unknown) =>
        this.logger.warn({ taskId, imageId, error: toError(error).message }, 'a refused upload stays in storage'),
      );
  }
}

const tooMany = () => new Conflict('TOO_MANY_IMAGES', `A project has at most ${MAX_IMAGES} images.`);
