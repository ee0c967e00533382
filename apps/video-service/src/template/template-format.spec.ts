import { formats, type Format } from '@castad/contracts';
import { describe, expect, it } from '@jest/globals';
import { misfitOf } from './template-format.ts';

describe('a template of a size', () => {
  it.each<[number | string, number | string, Format]>([
    [1080, 1920, '9:16'],
    [720, 1280, '9:16'],
    [1920, 1080, '16:9'],
    [1366, 768, '16:9'],
    [1000, 1000, '1:1'],
    ['1080', '1920', '9:16'],
  ])('of %s by %s fits %s alone', (width, height, format) => {
    const source = { width, height } as { width: number; height: number };
    expect(formats.filter(each => !misfitOf(source, each))).toEqual([format]);
  });

  it('says what it is instead', () => {
    expect(misfitOf({ width: 1080, height: 1080 }, '9:16')).toEqual({
      code: 'TEMPLATE_WRONG_FORMAT',
      reason: 'The video template is 1080 by 1080 pixels, which is not the format 9:16.',
    });
  });

  it.each([{}, { width: 1080 }, { width: 0, height: 0 }, { width: null, height: 'auto' }])(
    'that is not known as in %j may be of any format',
    size => {
      for (const format of formats) expect(misfitOf(size as object, format)).toBeUndefined();
    },
  );
});
