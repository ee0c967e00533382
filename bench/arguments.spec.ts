import { describe, expect, it } from '@jest/globals';
import { wanted } from './arguments.ts';

const all = ['B1', 'B3', 'B9'];
const comparable = ['B1', 'B3'];
const of = (...args: string[]) => wanted(args, all, comparable);

describe('what is wanted of the benchmarks', () => {
  it('is all of them, or those that are named', () => {
    expect(of()).toMatchObject({ names: all, against: undefined });
    expect(of('B9', 'B1')).toMatchObject({ names: ['B9', 'B1'] });
  });

  it('is a comparison with another commit, of what can be compared', () => {
    expect(of('--against', 'abc')).toEqual({ names: comparable, against: 'abc', pairs: 2 });
    expect(of('B3', '--against=abc', '--pairs', '4')).toEqual({ names: ['B3'], against: 'abc', pairs: 4 });
  });

  it.each([
    ['an unknown benchmark', ['B2'], 'B2 is no benchmark'],
    ['a comparison of what cannot be compared', ['--against', 'abc', 'B9'], 'B9 cannot be compared'],
    ['a comparison with nothing', ['--against'], 'npm run bench --'],
    ['no whole number of pairs', ['--against', 'abc', '--pairs', '0.5'], '--pairs is 0.5'],
    ['an unknown option', ['--agianst', 'abc'], 'npm run bench --'],
  ])('is not %s', (_, args, message) => {
    expect(() => of(...args)).toThrow(message);
  });
});
