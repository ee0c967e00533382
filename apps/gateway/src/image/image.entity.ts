import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'Image',
  tableName: 'image',
  properties: {
    taskId: p.string().length(36).primary(),
    imageId: p.string().length(36).primary(),
    position: p.integer(),
    contentType: p.string().length(50),
    size: p.integer(),
    /** The hash of what was sent; absent in what earlier versions wrote. */
    original: p.string().length(64).nullable(),
    createdAt: p.datetime(3),
  },
});

/** One uploaded photo of a project; the file itself is with storage-service. */
export class Image extends schema.class {
  static uploaded(
    fields: Pick<Image, 'taskId' | 'imageId' | 'position' | 'contentType' | 'size'> & { original?: string },
  ): Image {
    return Object.assign(new Image(), { ...fields, createdAt: new Date() });
  }
}
schema.setClass(Image);
