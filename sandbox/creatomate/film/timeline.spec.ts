import { describe, expect, it } from '@jest/globals';
import { lengthOf, timeline } from './timeline.ts';

const element = (name: string, more: object = {}) => ({ name, type: 'shape', ...more });
const times = (script: Record<string, unknown>) =>
  timeline(script).map(({ element: { name }, start, end }) => [name, start, end]);

describe('the timeline of a script', () => {
  it('lets elements of one track follow one another', () => {
    const elements = [element('a', { track: 1, duration: 2 }), element('b', { track: 1, duration: 3 })];
    expect(times({ duration: 9, elements })).toEqual([
      ['a', 0, 2],
      ['b', 2, 5],
    ]);
  });

  it('gives elements without a track one of their own, above the others', () => {
    const elements = [element('a', { duration: 1 }), element('b', { duration: 2 })];
    expect(times({ duration: 9, elements })).toEqual([
      ['a', 0, 1],
      ['b', 0, 2],
    ]);
  });

  it('draws lower tracks first', () => {
    const elements = [element('above', { track: 2 }), element('below', { track: 1 })];
    expect(times({ duration: 9, elements }).map(([name]) => name)).toEqual(['below', 'above']);
  });

  it('fills missing durations up to the next element, or to the end', () => {
    const elements = [element('a', { track: 1 }), element('b', { track: 1, time: 4 })];
    expect(times({ duration: 9, elements })).toEqual([
      ['a', 0, 4],
      ['b', 4, 9],
    ]);
  });

  it('holds an element under the transition of the next', () => {
    const fade = { type: 'fade', duration: 0.5, transition: true };
    const elements = [
      element('a', { track: 1, time: 0, duration: 2 }),
      element('b', { track: 1, time: 2, animations: [fade] }),
    ];
    expect(times({ duration: 4, elements })).toEqual([
      ['a', 0, 2.5],
      ['b', 2, 4],
    ]);
  });

  it('places the elements of a composition in its own time, and ends them with it', () => {
    const inner = element('inner', { time: 1, duration: 9 });
    const [group] = timeline({
      duration: 9,
      elements: [{ name: 'group', type: 'composition', time: 3, duration: 2, elements: [inner] }],
    });
    expect(group?.children).toMatchObject([{ start: 4, end: 5 }]);
  });

  it.each([
    [{ duration: 7, elements: [] }, 7],
    [{ duration: '7 s', elements: [] }, 7],
    [{ elements: [element('a', { time: 1, duration: 2 })] }, 3],
    [{ elements: [] }, 5],
    [{ elements: [{ type: 'composition', elements: [element('a', { time: 4, duration: 2 })] }] }, 6],
  ])('takes %j for %d seconds', (script, seconds) => expect(lengthOf(script)).toBe(seconds));
});
