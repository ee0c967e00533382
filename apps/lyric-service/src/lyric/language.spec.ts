import { languages, type Language, type Lyric } from '@castad/contracts';
import { describe, expect, it } from '@jest/globals';
import { isWrittenIn } from './language.ts';

const brief = { businessName: 'Sea Breeze 바다', region: '속초' };
const lyric = (...lines: string[]): Lyric => ({ title: 't', style: 's', sections: [{ label: 'verse', lines }] });

const texts: Record<Language, string[]> = {
  ko: ['창을 열면 파도 소리', '너와 나의 아침'],
  en: ['Waves are calling you', 'Stay with us tonight'],
  ja: ['波の音が聞こえる', '海の宿で会いましょう'],
  zh: ['海浪在呼唤你', '今夜留下来吧'],
};

describe('isWrittenIn', () => {
  const pairs = languages.flatMap(ordered => languages.map(written => [ordered, written] as const));

  it.each(pairs)('knows whether a song ordered in %s is in %s', (ordered, written) => {
    expect(isWrittenIn(ordered, lyric(...texts[written]), brief)).toBe(ordered === written);
  });

  it.each<[Language, string]>([
    ['ko', 'Sea Breeze, Sea Breeze, 오늘 밤'],
    ['ko', 'Oh baby tonight 너와 함께 춤을 춰'],
    ['en', '바다 바다 속초 Stay with us tonight'],
    ['zh', 'Sea Breeze 我们的家 wow'],
    ['ja', 'Sea Breeze で会おう'],
  ])('lets a lyric in %s have foreign names and a few foreign words: %s', (language, line) => {
    expect(isWrittenIn(language, lyric(line), brief)).toBe(true);
  });

  it('has nothing against a song of names and signs alone', () => {
    expect(isWrittenIn('ko', lyric('Sea Breeze!', '♪'), brief)).toBe(true);
  });
});
