import type { TimedLine } from '@castad/contracts';
import { describe, expect, it } from '@jest/globals';
import * as captions from './captions.ts';

const subRip = (lines: TimedLine[]) => captions.subRip({ lines });
const webVtt = (lines: TimedLine[]) => captions.webVtt({ lines });
const lrc = (lines: TimedLine[], title = '바다의 노래', artist = '바다민박') => captions.lrc({ title, artist, lines });

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

describe('webVtt', () => {
  it('says when the lines are sung', () => {
    const lines = [
      { text: '파도가 부르네', start: 0.5, end: 3 },
      { text: 'Stay with us', start: 3_661.0004, end: 3_662 },
    ];
    expect(webVtt(lines)).toBe(
      'WEBVTT\n\n00:00:00.500 --> 00:00:03.000\n파도가 부르네\n\n01:01:01.000 --> 01:01:02.000\nStay with us\n',
    );
  });

  it.each([
    ['Fish & <b>chips</b>', 'Fish &amp; &lt;b&gt;chips&lt;/b&gt;'],
    ['00:00:01.000 --> 00:00:02.000', '00:00:01.000 --&gt; 00:00:02.000'],
    ['NOTE\n\nnothing', 'NOTE nothing'],
  ])('escapes what would be a command: %j', (text, expected) => {
    expect(webVtt([{ text, start: 1, end: 2 }])).toBe(`WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n${expected}\n`);
  });

  it('has no cue that ends when it begins', () => {
    expect(webVtt([{ text: 'la', start: 2, end: 2 }])).toContain('00:00:02.000 --> 00:00:02.001\n');
  });

  it('is a file of no cues where nothing is sung', () => {
    expect(webVtt([])).toBe('WEBVTT\n');
  });
});

describe('lrc', () => {
  it('names the song, and says when its lines begin and when nobody sings', () => {
    const lines = [
      { text: '[Verse] 파도가 부르네', start: 0.504, end: 3 },
      { text: 'Stay with us', start: 3.2, end: 5 },
      { text: 'Tonight', start: 59.996, end: 6_001.5 },
    ];
    expect(lrc(lines)).toBe(
      [
        '[ti:바다의 노래]',
        '[ar:바다민박]',
        '[00:00.50]파도가 부르네',
        '[00:03.20]Stay with us',
        '[00:05.00]',
        '[01:00.00]Tonight',
        '[100:01.50]',
        '',
      ].join('\n'),
    );
  });

  it('lets nothing be read as a tag', () => {
    expect(lrc([{ text: 'la', start: 1, end: 2 }], 'A]\n[00:00.00]B', '[C]')).toBe(
      '[ti:A) (00:00.00)B]\n[ar:(C)]\n[00:01.00]la\n[00:02.00]\n',
    );
  });
});
