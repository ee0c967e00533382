import { describe, expect, it } from '@jest/globals';
import { Faults } from './faults.ts';

const endpoint = 'POST /songs';

function faultsWith(...wishes: object[]) {
  const faults = new Faults(['job-stuck']);
  for (const wish of wishes) expect(faults.add({ endpoint, ...wish })).toBeUndefined();
  return {
    faults,
    strike: (body = '', at = endpoint, address = '') => faults.take(at, body, address).map(fault => fault.kind),
  };
}

describe('faults', () => {
  it('strike their endpoint only, for as long as they are not cleared', () => {
    const { faults, strike } = faultsWith({ kind: 'hang' });
    expect([strike(), strike(), strike('', 'GET /songs')]).toEqual([['hang'], ['hang'], []]);
    faults.clear();
    expect(strike()).toEqual([]);
  });

  it('strike every endpoint when it is a star', () => {
    const { strike } = faultsWith({ kind: 'reset', endpoint: '*' });
    expect(strike('', 'GET /anything')).toEqual(['reset']);
  });

  it('let some requests pass and then strike so many times', () => {
    const { strike } = faultsWith({ kind: 'hang', after: 1, times: 2 });
    expect([strike(), strike(), strike(), strike()]).toEqual([[], ['hang'], ['hang'], []]);
  });

  it('look for their text in the body and in the address', () => {
    const { strike } = faultsWith({ kind: 'hang', match: 'job-7' });
    expect([strike('{"id":"job-7"}'), strike('{"id":"job-8"}'), strike('', endpoint, '/songs?id=job-7')]).toEqual([
      ['hang'],
      [],
      ['hang'],
    ]);
  });

  it('strike together', () => {
    const { strike } = faultsWith({ kind: 'drop-response' }, { kind: 'job-stuck' });
    expect(strike()).toEqual(['drop-response', 'job-stuck']);
  });

  it.each([
    ['a kind nobody knows', { endpoint, kind: 'meteorite' }, /kind must be one of/],
    ['an unknown field', { endpoint, kind: 'hang', path: '/' }, /unknown field path/],
    ['a field of the wrong type', { endpoint, kind: 'hang', times: '2' }, /times must be of type number/],
    ['no endpoint', { kind: 'hang' }, /endpoint is missing/],
  ])('are refused with %s', (_, wish, complaint) => {
    expect(new Faults([]).add(wish)).toMatch(complaint);
  });
});
