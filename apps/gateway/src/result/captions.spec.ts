import { describe, expect, it } from '@jest/globals';
import { subRip } from './captions.ts';

describe('subRip', () => {
  it('numbers the lines and says when they are sung', () => {
    const lines = [
      { text: '파도가 부르네', start: 0.5, end: 3 },
      { text: 'Stay with us', start: 3.0004, end: 6.9996 },
    ];
    expect(subRip(lines)).toBe(
      '1\n00:00:00,500 --> 00:00:03,000\n파도가 부르네\n\n2\n00:00:03,000 --> 00:00:07,000\nStay with us\n',
    );
  });

  it('counts minutes and hours', () => {
    const lines = [{ text: 'la', start: 59.9996, end: 3_661.5 }];
    expect(subRip(lines)).toContain('00:01:00,000 --> 01:01:01,500');
  });

  it.each([
    ['00:00:01,000 --> 00:00:02,000', '00:00:01,000 → 00:00:02,000'],
    ['<b>Stay</b> {\\an8}with us', '‹b›Stay‹/b› (\\an8)with us'],
    ['Stay\n\n2\r\nwith\u2028us\u0085now', 'Stay 2 with us now'],
    ['[Verse 1] Stay with us', 'Stay with us'],
    ['Chorus: Stay with us', 'Stay with us'],
    ['I <3 you', 'I ‹3 you'],
  ])('lets nothing of a line break a cue: %j', (text, expected) => {
    expect(subRip([{ text, start: 1, end: 2 }])).toBe(`1\n00:00:01,000 --> 00:00:02,000\n${expected}\n`);
  });

  it('has no cue for a line of which nothing is shown, nor one that ends before it begins', () => {
    const lines = [
      { text: '[Chorus]', start: 0, end: 1 },
      { text: 'Stay', start: 2, end: 1.5 },
    ];
    expect(subRip(lines)).toBe('1\n00:00:02,000 --> 00:00:02,000\nStay\n');
  });

  it('is empty where nothing is sung', () => {
    expect(subRip([])).toBe('');
  });
});
