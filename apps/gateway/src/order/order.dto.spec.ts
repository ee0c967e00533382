import { MAX_LYRIC_LETTERS } from '@castad/contracts';
import { InvalidShape, validationPipe } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { LyricDto } from './order.dto.ts';

const section = (...lines: string[]) => ({ label: 'verse', lines });
const problems = (...sections: object[]): Promise<string[]> =>
  validationPipe()
    .transform({ sections }, { type: 'body', metatype: LyricDto })
    .then(() => [])
    .catch((error: unknown) => {
      if (error instanceof InvalidShape) return error.errors;
      throw error;
    });

describe('LyricDto', () => {
  it('takes words, and labels among them', async () => {
    expect(await problems(section('Verse 1:', '파도 소리'))).toEqual([]);
  });

  it('refuses what holds labels alone', async () => {
    expect(await problems(section('Chorus:', '후렴'))).toEqual(['sections must hold words to sing, not labels alone']);
  });

  it('refuses what is too long for the smallest model, with labels and line breaks, and says by how much', async () => {
    const line = 'a'.repeat(149);
    const fitting = [section(...Array<string>(19).fill(line)), section('a'.repeat(130))];
    expect(await problems(...fitting)).toEqual([]);
    expect(await problems(...fitting, section('b'))).toEqual([
      `sections must hold at most 200 lines and ${MAX_LYRIC_LETTERS} characters in all, ` +
        'with labels and line breaks, and has 21 and 3008',
    ]);
  });
});
