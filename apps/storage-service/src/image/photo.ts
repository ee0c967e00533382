import { AppError } from '@castad/platform';
import { Semaphore } from 'async-mutex';
import sharp from 'sharp';

// Whatever else the library can read is none of a stranger's business.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['Jpeg', 'Png', 'Webp'].map(format => `VipsForeignLoad${format}Buffer`) });
sharp.concurrency(1);
sharp.cache(false);

/** Visually the same as what was sent. */
const QUALITY = 90;

/** A picture as the film needs it. */
export interface Photo {
  bytes: Buffer;
  width: number;
  height: number;
}

/** Brings photos into the form that others get to see. */
export class PhotoNormalizer {
  private readonly decoding: Semaphore;

  /** `maxPixels`: of one photo, and of the two that are decoded at once; the others wait. */
  constructor(private readonly maxPixels: number) {
    this.decoding = new Semaphore(maxPixels);
  }

  /**
   * Decodes a photo wholly and encodes it anew in its own format: upright, in sRGB, and without a word about who took
   * it and where. The same bytes give the same photo.
   * @throws AppError `IMAGE_TOO_LARGE`, `IMAGE_UNREADABLE`
   */
  async normalize(original: Buffer): Promise<Photo> {
    try {
      const { width, height } = await sharp(original, { limitInputPixels: false }).metadata();
      const pixels = width * height;
      if (pixels > this.maxPixels)
        throw new AppError('IMAGE_TOO_LARGE', 'The image has too many pixels.', { status: 413 });
      return await this.decoding.runExclusive(
        () => encoded(original, this.maxPixels),
        Math.max(pixels, Math.floor(this.maxPixels / 2)),
      );
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const text = 'The image is damaged or incomplete: it cannot be decoded.';
      throw new AppError('IMAGE_UNREADABLE', text, { status: 400, cause });
    }
  }
}

async function encoded(original: Buffer, limitInputPixels: number): Promise<Photo> {
  const { data, info } = await sharp(original, { failOn: 'error', limitInputPixels })
    .autoOrient()
    .jpeg({ quality: QUALITY, force: false })
    .webp({ quality: QUALITY, force: false })
    .toBuffer({ resolveWithObject: true });
  return { bytes: data, width: info.width, height: info.height };
}
