import { describe, expect, it } from '@jest/globals';
import { Ring } from './ring.ts';

const at = (...positions: number[]) => positions.map(position => ({ position }));

describe('the ring of the newest events', () => {
  const ring = () => {
    const filled = new Ring(10, 4);
    filled.add({ events: at(11, 13, 14), end: 15 });
    return filled;
  };

  it('has what comes after any place it covers, to the end of what is known', () => {
    expect(ring().pageAfter(10, 9)).toEqual({ events: at(11, 13, 14), end: 15 });
    expect(ring().pageAfter(11, 9)).toEqual({ events: at(13, 14), end: 15 });
    expect(ring().pageAfter(12, 9)).toEqual({ events: at(13, 14), end: 15 });
    expect(ring().pageAfter(15, 9)).toEqual({ events: [], end: 15 });
  });

  it('gives a page of it that ends at its last event', () => {
    expect(ring().pageAfter(10, 2)).toEqual({ events: at(11, 13), end: 13 });
    expect(ring().pageAfter(13, 1)).toEqual({ events: at(14), end: 15 });
  });

  it('leaves whoever is ahead of it where he is', () => {
    expect(ring().pageAfter(99, 9)).toEqual({ events: [], end: 99 });
  });

  it('knows what it does not cover, from the start and when events have left it', () => {
    const small = ring();
    expect(small.pageAfter(9, 9)).toBeUndefined();
    small.add({ events: at(16, 17, 18), end: 18 });
    expect(small.pageAfter(12, 9)).toBeUndefined();
    expect(small.pageAfter(13, 9)).toEqual({ events: at(14, 16, 17, 18), end: 18 });
  });

  it('remembers no more than the newest of a flood', () => {
    const small = ring();
    small.add({ events: at(...Array.from({ length: 100 }, (_, i) => 20 + i)), end: 119 });
    expect(small.pageAfter(114, 9)).toBeUndefined();
    expect(small.pageAfter(115, 9)).toEqual({ events: at(116, 117, 118, 119), end: 119 });
  });
});
