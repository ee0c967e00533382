import { MAX_IMAGES } from '@castad/contracts';
import { Conflict, Database, NotFound, type UnitOfWork } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { StorageClient } from '../storage/storage.client.ts';
import type { UploadedImage } from '../storage/storage.types.ts';
import { Image } from './image.entity.ts';
import type { Order } from '../order/order.entity.ts';
import { lockProject, situationOf } from '../order/order.service.ts';
import { find } from '../project/project.service.ts';
import { tooMany, Uploads } from './uploads.ts';

/** Photos in their order, and the running order that was accepted before they were changed to it. */
export interface Arrangement {
  images: Image[];
  tooLateFor?: number;
}

@Injectable()
export class ImageService {
  constructor(
    private readonly database: Database,
    private readonly storage: StorageClient,
    private readonly uploads: Uploads,
  ) {}

  list(taskId: string): Promise<Image[]> {
    return this.database.read('requests', async em => {
      await find(em, taskId);
      return inOrder(em, taskId);
    });
  }

  /** Streams the files to storage one after the other. All of them are added, or none. */
  async add(taskId: string, files: AsyncIterable<Readable>): Promise<Arrangement> {
    await this.database.transaction('requests', unit => lockProject(unit, taskId));
    return this.uploads.take(taskId, files, MAX_IMAGES, uploaded =>
      this.database.transaction('requests', async unit => {
        const { latest } = await situationOf(unit, taskId);
        const before = await unit.em.count(Image, { taskId });
        if (before + uploaded.length > MAX_IMAGES) throw tooMany(MAX_IMAGES);
        const images = uploaded.map((image, i) => Image.uploaded({ taskId, position: before + i, ...factsOf(image) }));
        for (const image of images) unit.insert(image);
        return arranged(images, latest);
      }),
    );
  }

  /** Another photo takes the place of this one. @throws NotFound, Conflict `IMAGE_IN_USE` */
  async replace(taskId: string, imageId: string, files: AsyncIterable<Readable>): Promise<Arrangement> {
    await this.database.transaction('requests', unit => this.unused(unit, taskId, imageId));
    const arrangement = await this.uploads.take(taskId, files, 1, ([image]) =>
      this.database.transaction('requests', async unit => {
        const { images, latest } = await this.unused(unit, taskId, imageId);
        const { position } = found(images, imageId);
        const successor = Image.uploaded({ taskId, position, ...factsOf(image as UploadedImage) });
        await unit.em.nativeDelete(Image, { taskId, imageId });
        unit.insert(successor);
        return arranged(
          images.map(old => (old.imageId === imageId ? successor : old)),
          latest,
        );
      }),
    );
    await this.uploads.discard(taskId, [imageId]);
    return arrangement;
  }

  /** Said again it says the same, and finishes what the first time could not. @throws Conflict `IMAGE_IN_USE` */
  async remove(taskId: string, imageId: string): Promise<void> {
    await this.database.transaction('requests', async unit => {
      const { images } = await this.unused(unit, taskId, imageId);
      await unit.em.nativeDelete(Image, { taskId, imageId });
      images.filter(other => other.imageId !== imageId).forEach((other, i) => (other.position = i));
    });
    await this.storage.remove(taskId, imageId);
  }

  /** @throws Conflict `IMAGES_DIFFER` unless each photo of the project is named once */
  arrange(taskId: string, imageIds: string[]): Promise<Arrangement> {
    return this.database.transaction('requests', async unit => {
      const { latest } = await situationOf(unit, taskId);
      const images = await inOrder(unit.em, taskId);
      const isComplete = imageIds.length === images.length && new Set(imageIds).size === images.length;
      if (!isComplete || !images.every(({ imageId }) => imageIds.includes(imageId)))
        throw new Conflict('IMAGES_DIFFER', 'Name each photo of the project once.');
      const sorted = imageIds.map(imageId => found(images, imageId));
      sorted.forEach((image, i) => (image.position = i));
      return arranged(sorted, latest);
    });
  }

  /** A film that is being made must find its photos. */
  private async unused(unit: UnitOfWork, taskId: string, imageId: string) {
    const { latest } = await situationOf(unit, taskId);
    if (latest?.isRunning() && latest.plan.imageIds.includes(imageId))
      throw new Conflict('IMAGE_IN_USE', 'The running order shows this photo. Wait for its end, or cancel it.');
    return { images: await inOrder(unit.em, taskId), latest };
  }
}

const inOrder = (em: EntityManager, taskId: string): Promise<Image[]> =>
  em.find(Image, { taskId }, { orderBy: { position: 'asc' } });

const factsOf = ({ imageId, contentType, size }: UploadedImage) => ({ imageId, contentType, size });

const arranged = (images: Image[], latest: Order | undefined): Arrangement => ({
  images,
  ...(latest?.isRunning() && latest.lastStage === 'video' && { tooLateFor: latest.revision }),
});

function found(images: Image[], imageId: string): Image {
  const image = images.find(other => other.imageId === imageId);
  if (!image) throw new NotFound('IMAGE_NOT_FOUND', 'The project has no such photo.');
  return image;
}
