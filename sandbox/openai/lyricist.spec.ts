import { describe, expect, it } from '@jest/globals';
import { writeLyric } from './lyricist.ts';

const linesFor = (brief: object) =>
  writeLyric(
    JSON.stringify({ businessName: '하늘바다', region: '강릉', language: 'ko', durationSeconds: 30, ...brief }),
  )
    .sections.flatMap(({ lines }) => lines)
    .join('\n');

describe('the lyricist', () => {
  it.each([
    ['ko', '갓 구운 빵이 있는 카페', /빵|바삭/],
    ['en', 'A bakery with fresh bread', /Bread|bite/],
    ['ja', '焼きたてパンの店', /パン|ひとくち/],
    ['zh', '刚出炉的面包', /面包|轻轻咬/],
  ])('sings in %s of what "%s" speaks of', (language, description, words) => {
    expect(linesFor({ language, description })).toMatch(words);
    expect(linesFor({ language, description: '' })).not.toMatch(words);
  });

  it.each(['ko', 'en', 'ja', 'zh'])('names the shop and its region in %s, however short the song', language => {
    for (const durationSeconds of [10, 15, 20, 60]) {
      const text = linesFor({ language, durationSeconds });
      expect([text.includes('하늘바다'), text.includes('강릉')]).toEqual([true, true]);
      expect(text).not.toMatch(/[{}]/);
    }
  });

  it.each([
    ['빛나는 집', '집으로'],
    ['바다', '바다로'],
    ['별', '별로'],
    ['Stay', 'Stay로'],
  ])('follows %s with the particle that fits', (businessName, expected) => {
    const texts = Array.from({ length: 12 }, (_, n) =>
      linesFor({ businessName, description: `${n}`, durationSeconds: 60 }),
    );
    expect(texts.some(text => text.includes(`${expected} 와요`))).toBe(true);
  });
});
