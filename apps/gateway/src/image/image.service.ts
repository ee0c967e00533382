import { MAX_IMAGES } from '@castad/contracts';
import { Conflict, Database, NotFound, type UnitOfWork } from '@castad/platform';
import { HttpStatus, Injectable } from '@nestjs/common';
import { Answer } from '../answer.ts';
import type { Call } from '../idempotency/call.ts';
import { Idempotency } from '../idempotency/idempotency.ts';
import { StorageClient } from '../storage/storage.client.ts';
import type { UploadedImage } from '../storage/storage.types.ts';
import { Fingerprints } from './fingerprints.ts';
import { Image } from './image.entity.ts';
import type { Order } from '../order/order.entity.ts';
import { lockProject, type Situation, situationOf } from '../order/situation.ts';
import type { ImagesView } from '../project/project.dto.ts';
import { find } from '../project/project.service.ts';
import { imageView } from '../project/project.view.ts';
import { stageOf } from '../projection/stage.entity.ts';
import { type Incoming, tooMany, Uploads } from './uploads.ts';

/** Photos on their way into a project. */
export interface Upload {
  call: Call;
  taskId: string;
  files: AsyncIterable<Incoming>;
}

@Injectable()
export class ImageService {
  constructor(
    private readonly database: Database,
    private readonly storage: StorageClient,
    private readonly uploads: Uploads,
    private readonly keys: Idempotency,
  ) {}

  async list(taskId: string): Promise<ImagesView> {
    return imagesView(await this.all(taskId));
  }

  /** In their order. */
  all(taskId: string): Promise<Image[]> {
    return this.database.read('requests', async em => {
      await find(em, taskId);
      return em.find(Image, { taskId }, { orderBy: { position: 'asc' } });
    });
  }

  /** @throws NotFound `IMAGE_NOT_FOUND` */
  async get(taskId: string, imageId: string): Promise<Image> {
    return found(await this.all(taskId), imageId);
  }

  /**
   * Streams the files to storage one after the other. All of them are added, or none. A file that the project has
   * already is the image that is there: 200 if there is no other.
   */
  async add(upload: Upload): Promise<Answer<ImagesView>> {
    const { taskId } = upload;
    const isThere = (unit: UnitOfWork) => lockProject(unit, taskId);
    let spare: string[] = [];
    const answer = await this.take(upload, MAX_IMAGES, isThere, async (unit, uploaded) => {
      const { project, latest, images: known } = await situationOf(unit, taskId);
      const { images, fresh } = admitted(taskId, known, uploaded);
      if (known.length + fresh.length > MAX_IMAGES) throw tooMany(MAX_IMAGES);
      spare = idsOf(uploaded).filter(id => !idsOf(fresh).includes(id));
      if (fresh.length === 0) return new Answer(HttpStatus.OK, imagesView(images));
      for (const image of fresh) unit.insert(image);
      project.changed();
      return new Answer(HttpStatus.CREATED, imagesView(images, latest));
    });
    await this.uploads.discard(taskId, spare);
    return answer;
  }

  /** Another photo takes the place of this one. @throws NotFound, Conflict `IMAGE_IN_USE` */
  async replace(upload: Upload, imageId: string): Promise<Answer<ImagesView>> {
    const { taskId } = upload;
    const isUnused = (unit: UnitOfWork) => this.unused(unit, taskId, imageId);
    const answer = await this.take(upload, 1, isUnused, async (unit, [image]) => {
      const { project, images, latest } = await this.unused(unit, taskId, imageId);
      const { position } = found(images, imageId);
      const successor = Image.uploaded({ taskId, position, ...factsOf(image as UploadedImage) });
      await unit.em.nativeDelete(Image, { taskId, imageId });
      unit.insert(successor);
      project.changed();
      const arranged = images.map(old => (old.imageId === imageId ? successor : old));
      return new Answer(HttpStatus.OK, imagesView(arranged, latest));
    });
    await this.uploads.discard(taskId, [imageId]);
    return answer;
  }

  /** Said again it says the same, and finishes what the first time could not. @throws Conflict `IMAGE_IN_USE` */
  async remove(taskId: string, imageId: string): Promise<void> {
    await this.database.transaction('requests', async unit => {
      const { project, images } = await this.unused(unit, taskId, imageId);
      await unit.em.nativeDelete(Image, { taskId, imageId });
      if (images.some(image => image.imageId === imageId)) project.changed();
      images.filter(other => other.imageId !== imageId).forEach((other, i) => (other.position = i));
    });
    await this.storage.remove(taskId, imageId);
  }

  /** @throws Conflict `IMAGES_DIFFER` unless each photo of the project is named once */
  arrange(taskId: string, imageIds: string[], call: Call): Promise<Answer<ImagesView>> {
    return this.database.transaction('requests', unit =>
      this.keys.once(unit, { call, taskId, body: { imageIds } }, async () => {
        const { project, latest, images } = await situationOf(unit, taskId);
        const isComplete = imageIds.length === images.length && new Set(imageIds).size === images.length;
        if (!isComplete || !images.every(({ imageId }) => imageIds.includes(imageId)))
          throw new Conflict('IMAGES_DIFFER', 'Name each photo of the project once.');
        const sorted = imageIds.map(imageId => found(images, imageId));
        sorted.forEach((image, i) => (image.position = i));
        project.changed();
        return new Answer(HttpStatus.OK, imagesView(sorted, latest));
      }),
    );
  }

  /** What was uploaded under the same key before is not uploaded again; at the same time, only one of both counts. */
  private async take(
    { call, taskId, files }: Upload,
    max: number,
    assertFit: (unit: UnitOfWork) => Promise<unknown>,
    save: (unit: UnitOfWork, uploaded: UploadedImage[]) => Promise<Answer<ImagesView>>,
  ): Promise<Answer<ImagesView>> {
    const came = new Fingerprints(files);
    const known = await this.keys.repeated<ImagesView>(call, taskId, () => came.read());
    if (known) return known;
    await this.database.transaction('requests', assertFit);
    return this.uploads.take(taskId, call.key ? came.passed() : files, max, async uploaded => {
      let isSaved = false;
      const answer = await this.database.transaction('requests', unit =>
        this.keys.once(unit, { call, taskId, body: came.body }, () => {
          isSaved = true;
          return save(unit, uploaded);
        }),
      );
      if (!isSaved) await this.uploads.discard(taskId, idsOf(uploaded));
      return answer;
    });
  }

  /** A film that is being made must find its photos. */
  private async unused(unit: UnitOfWork, taskId: string, imageId: string): Promise<Situation> {
    const situation = await situationOf(unit, taskId);
    const { latest } = situation;
    if (latest?.isRunning() && latest.plan.imageIds.includes(imageId))
      throw new Conflict('IMAGE_IN_USE', 'The running order shows this photo. Wait for its end, or cancel it.');
    return situation;
  }
}

const idsOf = (images: { imageId: string }[]): string[] => images.map(({ imageId }) => imageId);

const factsOf = ({ imageId, contentType, size, original }: UploadedImage) => ({ imageId, contentType, size, original });

/** What is uploaded as images of the project, and which of them it did not have. */
function admitted(taskId: string, known: Image[], uploaded: UploadedImage[]): { images: Image[]; fresh: Image[] } {
  const fresh: Image[] = [];
  const images = uploaded.map(upload => {
    const same = [...known, ...fresh].find(({ original }) => original && original === upload.original);
    if (same) return same;
    const image = Image.uploaded({ taskId, position: known.length + fresh.length, ...factsOf(upload) });
    fresh.push(image);
    return image;
  });
  return { images, fresh };
}

const imagesView = (images: Image[], latest?: Order): ImagesView => ({
  images: images.map(imageView),
  ...(latest?.isRunning() && stageOf(latest.lastStage) === 'video' && { tooLateFor: latest.revision }),
});

function found(images: Image[], imageId: string): Image {
  const image = images.find(other => other.imageId === imageId);
  if (!image) throw new NotFound('IMAGE_NOT_FOUND', 'The project has no such photo.');
  return image;
}
