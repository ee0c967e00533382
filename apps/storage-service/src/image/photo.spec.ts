import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { PhotoNormalizer } from './photo.ts';

const normalize = (bytes: Buffer, maxPixels = 1_000_000) => new PhotoNormalizer(maxPixels).normalize(bytes);
const [RED, BLUE] = [
  [255, 0, 0],
  [0, 0, 255],
];

/** Red on the left, blue on the right. */
const scene = () =>
  sharp({ create: { width: 300, height: 200, channels: 3, background: 'blue' } }).composite([
    { input: { create: { width: 150, height: 200, channels: 3, background: 'red' } }, left: 0, top: 0 },
  ]);
const formats: [string, (image: Sharp) => Sharp][] = [
  ['jpeg', image => image.jpeg()],
  ['png', image => image.png()],
  ['webp', image => image.webp()],
];

const colourAt = async (bytes: Buffer, left: number, top: number): Promise<number[]> => {
  const pixel = sharp(bytes).extract({ left, top, width: 1, height: 1 }).removeAlpha().raw();
  return [...(await pixel.toBuffer())].map(value => (value > 200 ? 255 : value < 60 ? 0 : value));
};

describe('PhotoNormalizer', () => {
  it.each(formats)('turns a %s the way it was held, and says nothing of where', async (format, encode) => {
    const sent = await encode(
      scene()
        .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '37/1 45/1 0/1' }, IFD0: { Artist: 'canary' } })
        .withMetadata({ orientation: 6 })
        .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">canary</x:xmpmeta>'),
    ).toBuffer();
    expect(await sharp(sent).metadata()).toMatchObject({ orientation: 6, width: 300 });
    const { bytes, width, height } = await normalize(sent);
    expect({ width, height }).toEqual({ width: 200, height: 300 });
    expect(await colourAt(bytes, 100, 20)).toEqual(RED);
    expect(await colourAt(bytes, 100, 280)).toEqual(BLUE);
    const kept = await sharp(bytes).metadata();
    expect(kept).toMatchObject({ format, width: 200, height: 300 });
    expect([kept.exif, kept.xmp, kept.iptc, kept.orientation]).toEqual([undefined, undefined, undefined, undefined]);
    expect(bytes.includes('canary')).toBe(false);
  });

  it('gives the same photo for the same file, also when more come at once than it may decode', async () => {
    const sent = await readFile(join(import.meta.dirname, '../../../../examples/photos/01.jpg'));
    const photos = new PhotoNormalizer(1600 * 1200);
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => photos.normalize(sent)));
    for (const other of others) expect(other).toEqual(first);
    expect(first).toMatchObject({ width: 1600, height: 1200 });
  });

  it.each([...formats, ['progressive jpeg', (image: Sharp) => image.jpeg({ progressive: true })] as const])(
    'refuses a %s that was cut off, wherever',
    async (_, encode) => {
      const sent = await encode(scene()).toBuffer();
      for (const part of [0.99, 0.6, 0.1])
        await expect(normalize(sent.subarray(0, sent.length * part))).rejects.toMatchObject({
          code: 'IMAGE_UNREADABLE',
          status: 400,
        });
    },
  );

  it('refuses what only begins like a photo, and what is damaged', async () => {
    const [jpeg, png] = await Promise.all([scene().jpeg().toBuffer(), scene().png().toBuffer()]);
    const damaged = Buffer.from(png).fill(0xff, 1000, 1010);
    for (const bytes of [Buffer.concat([jpeg.subarray(0, 4), Buffer.alloc(5000)]), damaged])
      await expect(normalize(bytes)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  it('counts pixels before it decodes any', async () => {
    const background = { width: 1001, height: 1000, channels: 3 as const, background: 'red' };
    const sent = await sharp({ create: background }).png().toBuffer();
    // Its pixels cannot be decoded, and nobody noticed.
    const broken = Buffer.from(sent).fill(0, 100, sent.length - 100);
    for (const bytes of [sent, broken])
      await expect(normalize(bytes)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE', status: 413 });
  });

  it('reads nothing but photos', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>');
    await expect(normalize(svg)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });
});
