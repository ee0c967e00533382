import type { UserDelegationKey } from '@azure/storage-blob';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DelegationKeys } from './delegation-keys.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('DelegationKeys', () => {
  let asked: { from: number; to: number }[];
  let trouble: Error | undefined;
  let warned: number;
  let keys: DelegationKeys;

  beforeEach(() => {
    [asked, trouble, warned] = [[], undefined, 0];
    const ask = async (from: Date, to: Date) => {
      asked.push({ from: from.getTime(), to: to.getTime() });
      if (trouble) throw trouble;
      return { signedExpiresOn: to, value: `key ${asked.length}` } as UserDelegationKey;
    };
    keys = new DelegationKeys(ask, { warn: () => (warned += 1) });
  });

  const valueAt = async (now: number) => (await keys.current(now)).value;

  it('asks for a key from a little earlier on, of seven days in all', async () => {
    await keys.current(NOW);
    expect(asked).toEqual([{ from: NOW - HOUR_MS / 6, to: NOW - HOUR_MS / 6 + 7 * DAY_MS }]);
  });

  it('asks once for all who come together, and once a day', async () => {
    expect(await Promise.all([NOW, NOW, NOW].map(valueAt))).toEqual(['key 1', 'key 1', 'key 1']);
    expect(await valueAt(NOW + DAY_MS - 1)).toBe('key 1');
    expect(await valueAt(NOW + DAY_MS)).toBe('key 2');
    expect(asked).toHaveLength(2);
  });

  it('uses the last key while there is no new one and it is good for another day, and asks once a minute', async () => {
    await keys.current(NOW);
    trouble = new Error('no');
    expect(await valueAt(NOW + DAY_MS)).toBe('key 1');
    expect(await valueAt(NOW + DAY_MS + 59_000)).toBe('key 1');
    expect([asked.length, warned]).toEqual([2, 1]);
    expect(await valueAt(NOW + 5 * DAY_MS)).toBe('key 1');
    await expect(valueAt(NOW + 6 * DAY_MS)).rejects.toBe(trouble);
    trouble = undefined;
    expect(await valueAt(NOW + 6 * DAY_MS)).toBe('key 5');
  });

  it('hands on what went wrong where there was no key yet, and asks again', async () => {
    trouble = new Error('no');
    await expect(valueAt(NOW)).rejects.toBe(trouble);
    trouble = undefined;
    expect(await valueAt(NOW)).toBe('key 2');
  });
});
