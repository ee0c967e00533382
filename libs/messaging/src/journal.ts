import type { Message, MessageClass } from '@castad/contracts';
import { Batcher } from '@castad/platform';
import { Inject, Injectable } from '@nestjs/common';
import { headersOf, type Cause } from './envelope.ts';
import { KafkaClient, type TopicMessages } from './kafka.client.ts';
import { SERVICE } from './tokens.ts';

/**
 * For a message that must be safe before something happens that no transaction can take back. It tells of no change of
 * ours, so it goes straight to the broker; everything else leaves through the outbox.
 */
@Injectable()
export class Journal {
  private readonly writes = new Batcher<{ message: Message; cause: Cause }>(async entries => {
    await this.kafka.send(byTopic(entries.map(entry => this.recordOf(entry))));
    return entries.map(() => undefined);
  });

  constructor(
    private readonly kafka: KafkaClient,
    @Inject(SERVICE) private readonly service: string,
  ) {}

  /** Resolves when all in-sync replicas have it. */
  write(message: Message, cause: Cause): Promise<void> {
    return this.writes.add({ message, cause });
  }

  private recordOf({ message, cause }: { message: Message; cause: Cause }): TopicMessages {
    const { topic } = message.constructor as MessageClass;
    const headers = headersOf(message, this.service, cause);
    return { topic, messages: [{ key: message.taskId, value: JSON.stringify(message), headers }] };
  }
}

const byTopic = (records: TopicMessages[]): TopicMessages[] =>
  [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.flatMap(({ messages }) => messages),
  }));
