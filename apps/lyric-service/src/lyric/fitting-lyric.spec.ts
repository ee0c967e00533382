import { lettersOf, LyricGenerated, MAX_LYRIC_LETTERS, parseMessage } from '@castad/contracts';
import { aGenerateLyric } from '@castad/testing';
import { describe, expect, it } from '@jest/globals';
import { fittingLyric } from './fitting-lyric.ts';

const written = { title: '바다', style: 'folk', sections: [{ label: 'verse', lines: ['파도 소리'] }] };
const withLines = (...lines: string[]) => ({ ...written, sections: [{ label: 'verse', lines }] });

describe('fittingLyric', () => {
  it('leaves a good lyric as it is', () => {
    expect(fittingLyric(written)).toEqual(written);
  });

  it('tidies white space, and drops what is empty', () => {
    const sections = [
      { label: 'intro', lines: ['', '  '] },
      { label: 'verse', lines: ['  파도\n소리\u0000 ', '\t'] },
    ];
    expect(fittingLyric({ title: ' 바다 ', style: 'folk\r\n', sections })).toEqual(written);
  });

  it.each([
    ['Verse 1', 'verse'],
    ['CHORUS', 'chorus'],
    ['Hook', 'verse'],
  ])('knows the label %s as %s', (label, known) => {
    const sections = [{ label, lines: ['la'] }];
    expect(fittingLyric({ ...written, sections })?.sections[0]?.label).toBe(known);
  });

  it('is sung in the style that was ordered, else in the one that suits the words', () => {
    expect(fittingLyric(written, 'slow jazz')?.style).toBe('slow jazz');
    expect(fittingLyric({ ...written, style: '' }, 'slow jazz')?.style).toBe('slow jazz');
    expect(fittingLyric(written)?.style).toBe('folk');
  });

  it('composes letters, and mends halves of characters', () => {
    const lyric = fittingLyric({ ...withLines('a\ud83c'), title: '바다'.normalize('NFD') });
    expect(lyric).toMatchObject({ title: '바다', sections: [{ lines: ['a\ufffd'] }] });
  });

  it('leaves out the labels of sections', () => {
    const sections = [
      { label: 'verse', lines: ['[Verse 1]', '1절: 파도 소리'] },
      { label: 'chorus', lines: ['후렴:', '(Chorus)'] },
    ];
    expect(fittingLyric({ ...written, sections })).toEqual(written);
  });

  it('does not cut what a person sees as one character', () => {
    const family = '👨‍👩‍👧';
    const lyric = fittingLyric({ ...withLines(family.repeat(50)), title: `a${'q\u0301'.repeat(50)}` });
    expect(lyric?.title).toBe(`a${'q\u0301'.repeat(39)}`);
    expect(lyric?.sections[0]?.lines).toEqual([family.repeat(40)]);
  });

  it.each([
    ['no title', { ...written, title: ' ' }],
    ['a title that nobody sees', { ...written, title: '\u200b' }],
    ['no style', { ...written, style: '' }],
    ['no sections', { ...written, sections: [] }],
    ['no lines', withLines(' ')],
    ['labels alone', withLines('Chorus', '[Verse]')],
  ])('is nothing with %s', (_, lyric) => {
    expect(fittingLyric(lyric)).toBeUndefined();
  });

  it('cuts what is too long without cutting a character', () => {
    const lyric = fittingLyric({ ...withLines('🎵'.repeat(500)), title: '🌊'.repeat(100) });
    expect(lyric?.title).toBe('🌊'.repeat(80));
    expect(lyric?.sections[0]?.lines).toEqual(['🎵'.repeat(200)]);
  });

  it('makes a message of whatever the model wrote', () => {
    const section = { label: 'chorus', lines: Array.from({ length: 100 }, (_, i) => `${i} 라라라 `.repeat(100)) };
    const lyric = fittingLyric({
      ...written,
      style: 'x'.repeat(999),
      sections: Array.from({ length: 60 }, () => section),
    });
    const { taskId, plan } = aGenerateLyric();
    const event = parseMessage(LyricGenerated, JSON.parse(JSON.stringify({ taskId, revision: 1, plan, lyric })));
    const lines = event.lyric.sections.flatMap(({ lines }) => lines);
    expect(lettersOf(event.lyric.sections)).toBeLessThanOrEqual(MAX_LYRIC_LETTERS);
    expect(lettersOf(event.lyric.sections)).toBeGreaterThan(MAX_LYRIC_LETTERS - 250);
    expect(lines.length).toBeGreaterThan(10);
  });
});
