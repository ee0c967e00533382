import { describe, expect, it } from '@jest/globals';
import { imageSize } from './image-size.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('imageSize', () => {
  it.each([
    ['image/png', '89504e470d0a1a0a 0000000d 49484452 00000280 000001e0'],
    ['image/jpeg', 'ffd8 ffe0 0004 0000 ffff c4 0003 00 ffc2 0011 08 01e0 0280 03'],
    ['image/webp', '52494646 00000000 57454250 56503858 0a000000 00000000 7f0200 df0100'],
    ['image/webp', '52494646 00000000 57454250 56503820 00000000 000000 9d012a 8002 e001'],
    ['image/webp', '52494646 00000000 57454250 5650384c 00000000 2f 7fc27700'],
  ])('reads the header of %s', (type, header) => {
    expect(imageSize(hex(header), type)).toEqual({ width: 640, height: 480 });
  });

  it('says nothing of a header that is not all there', () => {
    expect(imageSize(hex('89504e47'), 'image/png')).toBeUndefined();
    expect(imageSize(hex('ffd8 ffe0 0010 00'), 'image/jpeg')).toBeUndefined();
    expect(imageSize(hex('ffd8 0000 0000'), 'image/jpeg')).toBeUndefined();
  });
});
