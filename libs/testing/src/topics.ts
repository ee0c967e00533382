import { type Message, type MessageClass } from '@castad/contracts';
import { headersOf, provisionTopics } from '@castad/messaging';
import { Records } from '../../../sandbox/records.ts';

export type { Seen } from '../../../sandbox/records.ts';

/** Reads and writes topics beside the services under test. */
export class Topics extends Records {
  async provision(): Promise<void> {
    await provisionTopics(this.kafka, { replication: 1, minInSync: 1 });
    await this.connect();
  }

  /** Sends messages as a service would; `times` sends the very same records again. */
  async send(messages: Message[], { from = 'test', times = 1 } = {}): Promise<void> {
    const records = messages.map(message => ({
      topic: (message.constructor as MessageClass).topic,
      record: { key: message.taskId, value: JSON.stringify(message), headers: headersOf(message, from) },
    }));
    for (let i = 0; i < times; i++) {
      const byTopic = Map.groupBy(records, ({ topic }) => topic);
      await this.producer.sendBatch({
        topicMessages: [...byTopic].map(([topic, ofTopic]) => ({
          topic,
          messages: ofTopic.map(({ record }) => record),
        })),
      });
    }
  }
}
