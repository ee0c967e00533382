import { describe, expect, it } from '@jest/globals';
import { sung, sungText } from './section-labels.ts';

describe('sungText', () => {
  it.each([
    '[Verse]',
    '[Verse 1: softly]',
    'Verse 1:',
    'VERSE',
    '(Chorus)',
    '**Chorus**',
    '## Bridge',
    'Pre-Chorus',
    'Final Chorus',
    'Chorus x2',
    'Verse II',
    'Outro.',
    '후렴',
    '후렴구:',
    '1절',
    '[2절]',
    '(간주)',
    'サビ',
    'Aメロ',
    '１番',
    '【大サビ】',
    '副歌：',
    '主歌1',
    '第一番',
  ])('has nothing to sing in %s', line => {
    expect(sungText(line)).toBe('');
  });

  it.each([
    ['[Verse] Waves are calling', 'Waves are calling'],
    ['Verse 1: Waves are calling', 'Waves are calling'],
    ['후렴: 파도 소리', '파도 소리'],
    ['Waves [softly] are calling', 'Waves are calling'],
  ])('takes the label out of %s', (line, text) => {
    expect(sungText(line)).toBe(text);
  });

  it.each([
    'Waves are calling you',
    'A bridge over the river',
    'Bridge of sighs',
    'Hook me up',
    'A bridge',
    '절',
    'Chorus of the birds at dawn',
    'Verse by verse I sing',
    'I come home (come home)',
    '절대 잊지 못할 밤',
    '후렴처럼 너를 불러',
    '前奏曲が流れる',
    '番茄炒蛋',
    'Tonight: the sea',
    '1절 2절 모두 너를',
    '♪',
  ])('leaves %s alone', line => {
    expect(sungText(line)).toBe(line);
  });
});

describe('sung', () => {
  it('drops lines and sections that are labels alone', () => {
    const sections = [
      { label: 'verse', lines: ['[Verse]', 'Waves are calling', 'Chorus:'] },
      { label: 'chorus', lines: ['후렴'] },
    ];
    expect(sung(sections)).toEqual([{ label: 'verse', lines: ['Waves are calling'] }]);
  });

  it('leaves a lyric as it is that would have no words', () => {
    const sections = [{ label: 'chorus', lines: ['Chorus', 'Hook'] }];
    expect(sung(sections)).toEqual(sections);
  });
});
