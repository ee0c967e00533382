import { LyricGenerated, parseMessage } from '@castad/contracts';
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

  it.each([
    ['no title', { ...written, title: ' ' }],
    ['no style', { ...written, style: '' }],
    ['no sections', { ...written, sections: [] }],
    ['no lines', withLines(' ')],
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
    expect(lines.join('').length).toBeLessThanOrEqual(4_000);
    expect(lines.length).toBeGreaterThan(10);
  });
});
