import { describe, expect, it, jest } from '@jest/globals';
import { compare, ratios } from './against.ts';
import type { Turn } from './rounds.ts';
import { figure } from './stats.ts';

const of = (value: number) => ({ 'B3.cpu': figure([value], { unit: 'CPU ms/film', goal: 9, stretch: 4 }) });

describe('a comparison of two commits', () => {
  it('is one ratio a pair, with its spread and whose it is', () => {
    const pairs = [
      { ours: of(10), theirs: of(20) },
      { ours: of(12), theirs: of(20) },
      { ours: of(14), theirs: of(20) },
    ];
    expect(ratios(pairs, 'abc')).toEqual({
      'B3.cpu.against': {
        rounds: [0.5, 0.6, 0.7],
        median: 0.6,
        spread: 0.3333,
        unit: 'CPU ms/film: ours / abc',
        goal: 1,
        stretch: 1,
        details: { commit: 'abc', ours: [10, 12, 14], theirs: [20, 20, 20] },
      },
    });
  });

  it.each([
    ['theirs lacks', { ours: of(1), theirs: {} }, 'The services of abc gave no figure B3.cpu.'],
    ['ours lacks', { ours: {}, theirs: of(1) }, 'Our services gave no figure B3.cpu.'],
    [
      'is no number',
      { ours: of(1), theirs: { 'B3.cpu': { ...of(1)['B3.cpu'], median: Number.NaN } } },
      'The services of abc gave no figure B3.cpu but NaN.',
    ],
    ['nobody has', { ours: {}, theirs: {} }, 'Neither our services nor those of abc gave a figure.'],
  ])('fails with the name of a figure that %s', (_, pair, message) => {
    expect(() => ratios([pair], 'abc')).toThrow(message);
  });

  it('gives both their turn, one after the other', async () => {
    jest.spyOn(console, 'log').mockReturnValue();
    const turns: (string | undefined)[] = [];
    const benchmark = async ({ dist }: Turn) => {
      turns.push(dist);
      return of(1);
    };
    await compare(benchmark, { commit: 'abc', dist: 'theirs' }, 2);
    expect(turns).toEqual([undefined, 'theirs', undefined, 'theirs']);
  });
});
