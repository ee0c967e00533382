import { describe, expect, it } from '@jest/globals';
import { idIn, numberIn, secondsIn, urlIn } from './provider-values.ts';

describe('values of a provider', () => {
  it.each([
    ['https://files.example/1.mp4', 'https://files.example/1.mp4'],
    ['http://127.0.0.1:9/film.mp4', 'http://127.0.0.1:9/film.mp4'],
    [' https://files.example/가게 1.mp4\n', 'https://files.example/%EA%B0%80%EA%B2%8C%201.mp4'],
    ['', undefined],
    ['film.mp4', undefined],
    ['//files.example/1.mp4', undefined],
    ['ftp://files.example/1.mp4', undefined],
    ['file:///etc/passwd', undefined],
    ['javascript:alert(1)', undefined],
    ['https://user:word@files.example/1.mp4', undefined],
    [`https://files.example/${'x'.repeat(2_000)}`, undefined],
    [null, undefined],
    [7, undefined],
    [['https://files.example/1.mp4'], undefined],
  ])('knows whether %j is an address', (value, url) => {
    expect(urlIn(value)).toBe(url);
  });

  it.each([
    [10.2, 10.2],
    ['10.2', 10.2],
    [0, 0],
    [-1, undefined],
    [NaN, undefined],
    [Infinity, undefined],
    [10_200, undefined],
    ['', undefined],
    ['ten', undefined],
    [null, undefined],
    [[10], undefined],
    [true, undefined],
  ])('knows whether %j is a length', (value, seconds) => {
    expect(secondsIn(value)).toBe(seconds);
  });

  it('reads a number that is written as text', () => {
    expect([numberIn('429'), numberIn(429), numberIn(' '), numberIn(undefined)]).toEqual([429, 429, NaN, NaN]);
  });

  it.each([
    ['render-1', 'render-1'],
    ['', undefined],
    ['a b', undefined],
    ['x'.repeat(101), undefined],
    ['렌더', undefined],
    [7, undefined],
  ])('knows whether %j is an id', (value, id) => {
    expect(idIn(value)).toBe(id);
  });
});
