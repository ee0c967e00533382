import { describe, expect, it } from '@jest/globals';
import { isBlank, lengthOf, shortened } from './text.ts';

const family = '👨‍👩‍👧‍👦';

describe('lengthOf', () => {
  it.each<[string, number]>([
    ['abc', 3],
    ['한글', 2],
    ['🎵', 1],
    ['❤️', 2],
    [family, 7],
    ['', 0],
  ])('counts in %j what a column counts: %i', (text, length) => {
    expect(lengthOf(text)).toBe(length);
  });
});

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
  it('leaves what fits', () => {
    expect(shortened('Sea Breeze', 10)).toBe('Sea Breeze');
  });

  it('cuts between characters', () => {
    expect(shortened(`a${family}b`, 7)).toBe('a');
    expect(shortened(`a${family}b`, 8)).toBe(`a${family}`);
    expect(shortened('❤️❤️', 3)).toBe('❤️');
    expect(shortened('cafe\u0301s', 4)).toBe('caf');
    expect(shortened('🇰🇷🇯🇵', 3)).toBe('🇰🇷');
  });

  it('leaves no white space at the cut', () => {
    expect(shortened('Sea Breeze', 4)).toBe('Sea');
  });

  it('keeps the beginning of a character that is too long as a whole', () => {
    expect(shortened(`e${'\u0301'.repeat(100)}`, 80)).toBe(`e${'\u0301'.repeat(79)}`);
  });

  it('lets no half of a character through', () => {
    expect(shortened('a\ud83c', 5)).toBe('a\ufffd');
  });
});
