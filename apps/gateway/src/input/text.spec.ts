import { InvalidShape, validationPipe } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { Line, Prose, SungLines } from './text.ts';

class Shop {
  @Line(10)
  name!: string;

  @Prose(20)
  about!: string;

  @SungLines(10)
  lines!: string[];
}

const taken = (changes: object): Promise<Shop> =>
  validationPipe().transform({ name: 'Sea', about: '', lines: ['la'], ...changes }, { type: 'body', metatype: Shop });

const refused = async (changes: object): Promise<string[]> => {
  const error = await taken(changes).catch((thrown: unknown) => thrown);
  if (!(error instanceof InvalidShape)) throw new Error('it was taken');
  return error.errors;
};

describe('text', () => {
  it('is composed before it is counted, so that what looks the same is the same', async () => {
    const decomposed = '바다펜션속초해변가요'.normalize('NFD');
    expect(await taken({ name: decomposed, lines: [decomposed] })).toMatchObject({
      name: '바다펜션속초해변가요',
      lines: ['바다펜션속초해변가요'],
    });
  });

  it('is counted as the column counts it', async () => {
    expect((await taken({ name: '🎵'.repeat(10) })).name).toHaveLength(20);
    expect(await refused({ name: '❤️'.repeat(6) })).toEqual(['name must be at most 10 code points long and has 12']);
  });

  it.each<[string, unknown, string]>([
    ['half a character', 'a\ud83c', 'name must not hold half of a character'],
    ['NUL', 'a\0', 'name must not hold the control character U+0000'],
    ['a line break', 'a\r\nb', 'name must not hold the control character U+000A'],
    ["Unicode's line separator", 'a\u2028b', 'name must not hold the control character U+2028'],
    ['nothing', '', 'name must hold something that can be seen'],
    ['spaces', ' \u3000', 'name must hold something that can be seen'],
    ['the Hangul filler', '\u3164', 'name must hold something that can be seen'],
    ['a blank of braille', '\u2800', 'name must hold something that can be seen'],
    ['joiners and selectors', '\u200d\ufe0f\u200b', 'name must hold something that can be seen'],
    ['a number', 7, 'name must be a text'],
    ['a list', ['a'], 'name must be a text'],
    ['null', null, 'name must be a text'],
  ])('of one line is not %s', async (_, name, reason) => {
    expect(await refused({ name })).toEqual([reason]);
  });

  it('of several lines has one kind of line break, and may be empty but not blank', async () => {
    expect((await taken({ about: 'a\r\nb\rc\td' })).about).toBe('a\nb\nc\td');
    expect((await taken({ about: '' })).about).toBe('');
    expect(await refused({ about: '\n' })).toEqual(['about must hold something that can be seen']);
    expect(await refused({ about: 'a\u001bb' })).toEqual(['about must not hold the control character U+001B']);
  });

  it('that is sung names each line that does not fit', async () => {
    expect(await refused({ lines: ['la', '[Verse]', 'la\n', 7] })).toEqual([
      'lines[1] must not hold square brackets: what they enclose is not sung; ' +
        'lines[2] must not hold the control character U+000A; lines[3] must be a text',
    ]);
  });
});
