import { Kafka, logLevel, type IHeaders, type KafkaMessage, type Message, type Producer } from '@castad/kafkajs';
import { eventually } from './eventually.ts';

export interface Seen {
  topic: string;
  partition: number;
  offset: string;
  key: string;
  type: string;
  headers: IHeaders;
  value: Buffer | null;
  /** The value as far as it is JSON. */
  data: Record<string, unknown>;
}

/** Reads and writes the records of topics beside the services. */
export class Records {
  readonly kafka: Kafka;
  protected readonly producer: Producer;

  constructor(brokers: string) {
    const retry = { initialRetryTime: 100, retries: 10 };
    this.kafka = new Kafka({ clientId: 'beside', brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry });
    this.producer = this.kafka.producer({ allowAutoTopicCreation: false });
  }

  async connect(): Promise<void> {
    await this.producer.connect();
  }

  async sendRaw(topic: string, messages: Message[]): Promise<void> {
    await this.producer.send({ topic, messages });
  }

  /** Everything in the topics now, per partition in order. */
  async read(...topics: string[]): Promise<Seen[]> {
    const admin = this.kafka.admin();
    await admin.connect();
    const ends = await Promise.all(
      // A new topic's leader may be known before it knows of it.
      topics.map(async topic => ({ topic, offsets: await eventually(() => admin.fetchTopicOffsets(topic)) })),
    );
    await admin.disconnect();
    const left = new Map(
      ends.flatMap(({ topic, offsets }) =>
        offsets
          .filter(({ low, high }) => low !== high)
          .map(({ partition, high }) => [`${topic} ${partition}`, BigInt(high)]),
      ),
    );
    if (left.size === 0) return [];
    const seen: Seen[] = [];
    const consumer = this.kafka.consumer({ groupId: `beside-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          autoCommit: false,
          eachMessage: async ({ topic, partition, message }) => {
            seen.push(seenOf(topic, partition, message));
            const end = left.get(`${topic} ${partition}`);
            if (end !== undefined && BigInt(message.offset) + 1n >= end) left.delete(`${topic} ${partition}`);
            if (left.size === 0) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    return seen;
  }

  /** How many records of the topic a consumer group has not committed yet. */
  async lag(groupId: string, topic: string): Promise<number> {
    const admin = this.kafka.admin();
    await admin.connect();
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const ends = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    const done = new Map(
      committed?.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]),
    );
    return ends.reduce((lag, { partition, high }) => lag + Number(high) - (done.get(partition) ?? 0), 0);
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }
}

function seenOf(topic: string, partition: number, { key, value, headers = {}, offset }: KafkaMessage): Seen {
  return {
    topic,
    partition,
    offset,
    key: key?.toString() ?? '',
    type: headers.ce_type?.toString() ?? '',
    headers,
    value,
    data: parsed(value?.toString() ?? ''),
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
