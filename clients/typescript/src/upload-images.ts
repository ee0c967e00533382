import { addImages, type AddImagesData, type Options } from './generated/index.ts';
import { formDataBodySerializer } from './generated/client/index.ts';

export type UploadImagesData = Omit<AddImagesData, 'body'> & { body: { images: (Blob | File)[] } };

/** Adds files as images, in the order they are to appear; `addImages` itself sends JSON, for an image on the web. */
export const uploadImages = <ThrowOnError extends boolean = false>(options: Options<UploadImagesData, ThrowOnError>) =>
  addImages<ThrowOnError>({
    ...options,
    ...formDataBodySerializer,
    // The form names its own boundary.
    headers: { ...options.headers, 'Content-Type': null },
  });
