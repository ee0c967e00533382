import { describe, expect, it } from '@jest/globals';
import { figure, percentile } from './stats.ts';

const wanted = { unit: 'ms', goal: 80, stretch: 40 };

describe('a figure', () => {
  it('has the median of its rounds, and how far they lie apart', () => {
    expect(figure([90, 110, 100], wanted)).toEqual({ rounds: [90, 110, 100], median: 100, spread: 0.2, ...wanted });
  });

  it.each([[[]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY]]])('is none if its rounds are %p', rounds => {
    expect(() => figure(rounds, wanted)).toThrow('A figure in ms has rounds that are no numbers');
  });

  it('may be nothing at all', () => {
    expect(figure([0, 0], wanted)).toMatchObject({ median: 0, spread: 0 });
  });
});

describe('a percentile', () => {
  it('is a value that was measured', () => {
    expect(percentile([3, 1, 2, 4], 50)).toBe(3);
    expect(percentile([3, 1, 2, 4], 100)).toBe(4);
  });
});
