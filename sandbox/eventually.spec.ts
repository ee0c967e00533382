import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  it('returns what the assertion returns when it holds', async () => {
    let tries = 0;
    const value = await eventually(() => {
      if (++tries < 3) throw new Error('not yet');
      return tries;
    });
    expect(value).toBe(3);
  });

  it('throws the last failure as it is when it is short', async () => {
    const failure = new Error('never');
    await expect(eventually(() => Promise.reject(failure), 0)).rejects.toBe(failure);
  });

  it('shortens a failure that prints a whole topic, and keeps where it happened', async () => {
    const records = Array.from({ length: 1000 }, (_, id) => ({ id, text: 'x'.repeat(1000) }));
    const failure = (await eventually(() => expect(records).toEqual([]), 0).catch((error: unknown) => error)) as Error;
    expect(failure.message).toContain('toEqual');
    expect(failure.message).toMatch(/and \d+ more lines$/);
    expect(failure.message.length).toBeLessThan(10_000);
    expect(failure.stack).toContain('eventually.spec.ts');
    expect(failure.stack?.length).toBeLessThan(15_000);
  });
});
