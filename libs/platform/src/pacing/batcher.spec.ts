import { expect, it } from '@jest/globals';
import { Batcher } from './batcher.ts';

it('makes one call of what is asked for at the same time, and gives each its own answer', async () => {
  const calls: number[][] = [];
  const batcher = new Batcher<number, string>(async items => {
    calls.push(items);
    return items.map(item => `answer ${item}`);
  });

  expect(await Promise.all([1, 2, 3].map(item => batcher.add(item)))).toEqual(['answer 1', 'answer 2', 'answer 3']);
  expect(calls).toEqual([[1, 2, 3]]);
});

it('collects the next call while one runs', async () => {
  const gate = Promise.withResolvers<void>();
  const calls: number[][] = [];
  const batcher = new Batcher<number>(async items => {
    calls.push(items);
    if (calls.length === 1) await gate.promise;
    return [];
  });
  const first = batcher.add(1);
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
  const others = [batcher.add(2), batcher.add(3)];
  expect(calls).toEqual([[1]]);
  gate.resolve();

  await Promise.all([first, ...others]);
  expect(calls).toEqual([[1], [2, 3]]);
});

it('never carries more than 500 at once', async () => {
  const sizes: number[] = [];
  const batcher = new Batcher<number>(async items => {
    sizes.push(items.length);
    return [];
  });

  await Promise.all(Array.from({ length: 1_100 }, (_, i) => batcher.add(i)));

  expect(sizes).toEqual([500, 500, 100]);
});

it('lets only the culprit fail', async () => {
  const batcher = new Batcher<number, number>(async items => {
    if (items.includes(2)) throw new Error('2 is bad');
    return items.map(item => item * 10);
  });

  const results = await Promise.allSettled([1, 2, 3].map(item => batcher.add(item)));

  expect(results).toEqual([
    { status: 'fulfilled', value: 10 },
    { status: 'rejected', reason: new Error('2 is bad') },
    { status: 'fulfilled', value: 30 },
  ]);
  expect(await batcher.add(4)).toBe(40);
});
