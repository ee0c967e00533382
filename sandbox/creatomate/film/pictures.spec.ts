import { createCanvas } from '@napi-rs/canvas';
import { describe, expect, it } from '@jest/globals';
import { complaintAbout } from './pictures.ts';

describe('pictures that cannot be drawn', () => {
  const jpeg = createCanvas(64, 64).toBuffer('image/jpeg', 90);

  it('are refused when they end too early', () => {
    expect(complaintAbout(jpeg)).toBeUndefined();
    expect(complaintAbout(jpeg.subarray(0, jpeg.length / 2))).toMatch(/truncated/);
  });

  it('are refused by name when they are HEIC', () => {
    expect(complaintAbout(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1'))).toMatch(/HEIC/);
  });
});
