import { expect, it } from '@jest/globals';
import type { TopicOffsets } from '@castad/kafkajs';
import type { ReceivedRecord } from './dead-letters.ts';
import { ConsumerHalted } from './dispatcher.ts';
import { Gatherer, type Share } from './gatherer.ts';

const record = (topic: string, partition: number, offset: number): ReceivedRecord => ({
  topic,
  partition,
  record: { key: null, value: null, timestamp: '0', attributes: 0, offset: String(offset), headers: {} },
});

/** Offsets 0 to `count` - 1 of one partition. */
const share = (topic: string, partition: number, count: number, changes: Partial<Share> = {}): Share => ({
  records: Array.from({ length: count }, (_, offset) => record(topic, partition, offset)),
  heartbeat: async () => {},
  assertOurs: () => {},
  commit: async () => {},
  ...changes,
});

const offsets = ({ records }: { records: ReceivedRecord[] }) =>
  records.map(({ topic, partition, record }) => `${topic} ${partition} ${record.offset}`);

it('makes one batch of what is ready together, each partition in its order, and commits it once', async () => {
  const batches: string[][] = [];
  const commits: TopicOffsets[][] = [];
  const gatherer = new Gatherer(async records => void batches.push(offsets({ records })));
  const commit = async (topics: TopicOffsets[]) => void commits.push(topics);

  await Promise.all([
    gatherer.add(share('a', 0, 2, { commit })),
    gatherer.add(share('a', 7, 1, { commit })),
    gatherer.add(share('b', 0, 3, { commit })),
  ]);

  expect(batches).toEqual([['a 0 0', 'a 0 1', 'a 7 0', 'b 0 0', 'b 0 1', 'b 0 2']]);
  expect(commits).toEqual([
    [
      {
        topic: 'a',
        partitions: [
          { partition: 0, offset: '2' },
          { partition: 7, offset: '1' },
        ],
      },
      { topic: 'b', partitions: [{ partition: 0, offset: '3' }] },
    ],
  ]);
});

it('takes no more than 500 records into one batch, and no share apart', async () => {
  const sizes: number[] = [];
  const gatherer = new Gatherer(async records => void sizes.push(records.length));

  await Promise.all([300, 200, 1, 500, 499, 2].map((count, i) => gatherer.add(share('a', i, count))));

  expect(sizes).toEqual([500, 1, 500, 499, 2]);
});

it('collects what comes while a batch is handled', async () => {
  const gate = Promise.withResolvers<void>();
  const batches: string[][] = [];
  const gatherer = new Gatherer(async records => {
    batches.push(offsets({ records }));
    if (batches.length === 1) await gate.promise;
  });
  const first = gatherer.add(share('a', 0, 1));
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
  const others = [gatherer.add(share('a', 1, 1)), gatherer.add(share('a', 2, 1))];
  expect(batches).toEqual([['a 0 0']]);
  gate.resolve();

  await Promise.all([first, ...others]);
  expect(batches).toEqual([['a 0 0'], ['a 1 0', 'a 2 0']]);
});

it('commits nothing of a batch that failed, tells every share, and goes on', async () => {
  const commits: TopicOffsets[][] = [];
  const commit = async (topics: TopicOffsets[]) => void commits.push(topics);
  let fails = true;
  const gatherer = new Gatherer(async () => {
    if (fails) throw new Error('stopping');
  });

  const failed = await Promise.allSettled([0, 1].map(i => gatherer.add(share('a', i, 1, { commit }))));
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(commits).toEqual([]);
  fails = false;
  await gatherer.add(share('a', 0, 1, { commit }));
  expect(commits).toHaveLength(1);
});

it('commits what was done of a batch before the consumer halted, and tells every share', async () => {
  const commits: TopicOffsets[][] = [];
  const commit = async (topics: TopicOffsets[]) => void commits.push(topics);
  const gatherer = new Gatherer(async () => {
    throw new ConsumerHalted(3);
  });

  const ended = await Promise.allSettled([0, 1, 2].map(i => gatherer.add(share('a', i, 2, { commit }))));
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(commits).toEqual([
    [
      {
        topic: 'a',
        partitions: [
          { partition: 0, offset: '2' },
          { partition: 1, offset: '1' },
        ],
      },
    ],
  ]);
});

it('lets the handling know that a partition was taken away', async () => {
  const gatherer = new Gatherer(async (_, stillOurs) => stillOurs());
  const assertOurs = () => {
    throw new Error('taken away');
  };
  await expect(gatherer.add(share('a', 0, 1, { assertOurs }))).rejects.toThrow('taken away');
});
