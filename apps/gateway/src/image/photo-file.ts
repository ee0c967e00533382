import type { NamedFile } from '../storage/file-links.ts';
import { fileName } from '../storage/file-name.ts';
import type { Image } from './image.entity.ts';

const extensions: Record<string, string> = { 'image/jpeg': '.jpg', 'image/png': '.png', 'image/webp': '.webp' };

/** Uploads belong to the project, not to one of its orders. */
const UPLOADED = 0;
const PHOTO = 'photo';

/** The picture of an image, as it is stored. */
export function photoFile({ taskId, imageId, position, contentType }: Image): NamedFile {
  const name = fileName('photo', [position + 1], extensions[contentType] ?? '');
  return {
    file: { taskId, revision: UPLOADED, kind: 'image', ref: imageId, name: PHOTO },
    fileName: name,
    fallback: name,
  };
}
