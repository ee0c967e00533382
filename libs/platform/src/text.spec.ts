import { describe, expect, it } from '@jest/globals';
import { isBlank, shortened } from './text.ts';

const family = '👨‍👩‍👧‍👦';

describe('isBlank', () => {
  it.each(['', ' \t\n', '\u3000', '\u200b\u200d', '\u3164', '\uffa0\u115f', '\u2800', '\ufe0f', '\u00ad', '\u{e0020}'])(
    'is true of %j',
    text => {
      expect(isBlank(text)).toBe(true);
    },
  );

  it.each(['a', ' 가 ', '❤️', '0', '\u3164!', '´'])('is false of %j', text => {
    expect(isBlank(text)).toBe(false);
  });
});

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

  it('lets no half of a surrogate pair through', () => {
    expect(shortened('a\ud83c', 5)).toBe('a\ufffd');
  });

  it('cuts a single character that cannot fit', () => {
    expect(shortened(`e${'\u0301'.repeat(50)}`, 10)).toBe(`e${'\u0301'.repeat(9)}`);
    expect(shortened(family, 3)).toBe('👨‍👩');
  });
});
