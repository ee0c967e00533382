import type { Kafka } from '@castad/kafkajs';
import { beforeEach, expect, it } from '@jest/globals';
import { provisionTopics } from './provision.ts';

/** What the broker answers when it is asked for offsets: an error of this type, or offsets. */
let answers: (string | undefined)[];
let asked: number;

const admin = {
  connect: async () => undefined,
  disconnect: async () => undefined,
  listTopics: async () => [],
  createTopics: async () => true,
  fetchTopicOffsets: async () => {
    asked++;
    const type = answers.shift();
    if (type) throw new Error('retries exceeded', { cause: Object.assign(new Error('refused'), { type }) });
    return [];
  },
};
const provision = () => provisionTopics({ admin: () => admin } as unknown as Kafka, { replication: 1, minInSync: 1 });

beforeEach(() => {
  answers = [];
  asked = 0;
});

it('waits until the brokers lead every partition of every topic', async () => {
  answers = [undefined, 'NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION'];
  const made = await provision();
  expect(asked).toBe(made.length + 3);
});

it('fails at once with what is no question of time', async () => {
  answers = ['TOPIC_AUTHORIZATION_FAILED'];
  await expect(provision()).rejects.toThrow('retries exceeded');
  expect(asked).toBe(1);
});
