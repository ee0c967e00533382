import { describe, expect, it } from '@jest/globals';
import { estimateOf, quantile, type StageTimes } from './estimate.ts';

const began = new Date('2026-01-01T00:00:00.000Z');
const after = (ms: number) => new Date(began.getTime() + ms);
const times: StageTimes = {
  lyric: [1_000, 1_000, 2_000, 3_000, 3_000],
  song: [60_000, 60_000, 60_000, 60_000, 60_000],
  video: [10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000, 90_000, 100_000, 110_000],
};

describe('estimateOf', () => {
  it('adds up the medians of the stages that are left, and their 90th percentiles', () => {
    expect(estimateOf(['lyric', 'song', 'video'], began, times, began)).toEqual({
      expectedAt: after(2_000 + 60_000 + 60_000),
      latestAt: after(3_000 + 60_000 + 100_000),
    });
  });

  it('counts only attempts that took longer than the running one has', () => {
    expect(estimateOf(['video'], began, times, after(55_000))).toEqual({
      expectedAt: after(85_000),
      latestAt: after(105_000),
    });
  });

  it('never lies in the past', () => {
    for (const elapsed of [0, 10_000, 30_000, 59_999])
      expect(estimateOf(['video'], began, times, after(elapsed))?.expectedAt.getTime()).toBeGreaterThan(
        after(elapsed).getTime(),
      );
  });

  it.each<[string, StageTimes, number]>([
    ['few were measured', { ...times, song: [60_000, 60_000] }, 0],
    ['nothing was measured', { lyric: [], song: [], video: [] }, 0],
    ['it takes longer than nearly all', times, 2_500],
  ])('is silent where %s', (_, measured, elapsed) => {
    expect(estimateOf(['lyric', 'song'], began, measured, after(elapsed))).toBeUndefined();
  });

  it('is silent where nothing is left', () => {
    expect(estimateOf([], began, times, began)).toBeUndefined();
  });
});

it.each([
  [0, 1],
  [0.5, 2],
  [0.75, 3],
  [1, 4],
])('quantile %d of 1, 2, 4 is %d', (share, expected) => {
  expect(quantile([1, 2, 4], share)).toBe(expected);
});
