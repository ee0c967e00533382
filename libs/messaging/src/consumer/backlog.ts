import { Inject, Injectable } from '@nestjs/common';
import { KafkaClient } from '../kafka/kafka.client.ts';
import { SERVICE } from '../tokens.ts';

/** What this service, all its processes together, has not handled yet. */
@Injectable()
export class Backlog {
  constructor(
    private readonly client: KafkaClient,
    @Inject(SERVICE) private readonly service: string,
  ) {}

  /** Whether all that is in the topic by now has been handled. Rejects when the broker does not say. */
  async isEmpty(topic: string): Promise<boolean> {
    const admin = this.client.kafka.admin({ retry: { retries: 2 } });
    try {
      await admin.connect();
      const [ends, [group]] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchOffsets({ groupId: this.service, topics: [topic] }),
      ]);
      const handled = new Map(group?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
      return ends.every(({ partition, low, high }) => low === high || (handled.get(partition) ?? -1n) >= BigInt(high));
    } finally {
      await admin.disconnect();
    }
  }
}
