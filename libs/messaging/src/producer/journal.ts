import type { Message, MessageClass } from '@castad/contracts';
import { Batcher } from '@castad/platform';
import { Inject, Injectable } from '@nestjs/common';
import { headersOf, type Cause } from '../envelope.ts';
import { KafkaClient, type TopicMessages } from '../kafka/kafka.client.ts';
import { SERVICE } from '../tokens.ts';

interface Entry {
  message: Message;
  cause?: Cause;
  id?: string;
}

/**
 * For a message that must be safe before something happens that no transaction can take back. It tells of no change of
 * ours, so it goes straight to the broker; everything else leaves through the outbox.
 */
@Injectable()
export class Journal {
  private readonly writes = new Batcher<Entry>(async entries => {
    await this.kafka.send(byTopic(entries.map(entry => this.recordOf(entry))));
    return entries.map(() => undefined);
  });

  constructor(
    private readonly kafka: KafkaClient,
    @Inject(SERVICE) private readonly service: string,
  ) {}

  /** Resolves when all in-sync replicas have it. */
  write(message: Message, cause?: Cause, id?: string): Promise<void> {
    return this.writes.add({ message, cause, id });
  }

  private recordOf({ message, cause, id }: Entry): TopicMessages {
    const { topic } = message.constructor as MessageClass;
    const headers = headersOf(message, this.service, cause, id);
    return { topic, messages: [{ key: message.taskId, value: JSON.stringify(message), headers }] };
  }
}

const byTopic = (records: TopicMessages[]): TopicMessages[] =>
  [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.flatMap(({ messages }) => messages),
  }));
