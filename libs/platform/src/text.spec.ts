import { describe, expect, it } from '@jest/globals';
import { shortened } from './text.ts';

const family = '👨‍👩‍👧‍👦';

describe('shortened', () => {
  it('leaves alone what fits, and counts code points as a column does', () => {
    expect(shortened('바다', 2)).toBe('바다');
    expect(shortened('🌊🌊', 2)).toBe('🌊🌊');
  });

  it.each([
    ['a surrogate pair', 'ab🌊', 3, 'ab🌊'],
    ['a joined emoji', `ab${family}`, 8, 'ab'],
    ['a letter and its accent', 'abe\u0301', 3, 'ab'],
    ['a heart and its selector', '❤️❤️', 3, '❤️'],
    ['a flag', '🇰🇷🇰🇷', 3, '🇰🇷'],
  ])('does not cut %s', (_, text, max, expected) => {
    expect(shortened(text, max)).toBe(expected);
  });

  it('counts as it is told to', () => {
    const utf16 = (text: string) => text.length;
    expect(shortened('🌊'.repeat(10), 5, utf16)).toBe('🌊🌊');
  });

  it('cuts a single character that cannot fit', () => {
    expect(shortened(`e${'\u0301'.repeat(50)}`, 10)).toBe(`e${'\u0301'.repeat(9)}`);
    expect(shortened(family, 3)).toBe('👨‍👩');
  });
});
