import { ServiceConfig } from '@castad/platform';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Kafka, logLevel, Partitioners, type LogEntry, type Message, type Producer } from '@castad/kafkajs';
import { kafkaConfig } from './kafka-access.ts';
import { SERVICE } from '../tokens.ts';

export interface TopicMessages {
  topic: string;
  messages: Message[];
}

/** The one Kafka client of the process, and its producer. */
@Injectable()
export class KafkaClient implements OnApplicationShutdown {
  readonly kafka: Kafka;
  private readonly producer: Producer;
  private readonly underWay = new Set<Promise<unknown>>();
  private connected?: Promise<void>;

  constructor(config: ServiceConfig, @Inject(SERVICE) service: string) {
    const logger = new Logger('kafkajs');
    const log = ({ log: { message, error } }: LogEntry) => {
      // kafkajs calls every answer it will retry an error, a loading coordinator for one. What lasts, readiness tells.
      logger.warn({ message, error: error as unknown });
    };
    this.kafka = new Kafka({ ...kafkaConfig(config, service), logLevel: logLevel.WARN, logCreator: () => log });
    // Not idempotent: kafkajs reuses sequence numbers after a failed send, and the broker would drop the next batch
    // as a duplicate. One request in flight keeps the order; what is sent twice, the inbox absorbs.
    this.producer = this.kafka.producer({
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // Whoever sends tries again by itself, and wants to know soon what does not work.
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
      createPartitioner: Partitioners.DefaultPartitioner,
    });
  }

  /** Resolves when all in-sync replicas have the records. */
  async send(topicMessages: TopicMessages[]): Promise<void> {
    this.connected ??= this.producer.connect().catch((error: unknown) => {
      this.connected = undefined;
      throw error;
    });
    await this.connected;
    const sending = this.producer.sendBatch({ acks: -1, topicMessages });
    this.underWay.add(sending);
    await sending.finally(() => this.underWay.delete(sending));
  }

  async onApplicationShutdown(): Promise<void> {
    const late = [...this.underWay];
    await this.producer.disconnect();
    // What is still being tried connects once more.
    void Promise.allSettled(late)
      .then(() => this.producer.disconnect())
      .catch(() => undefined);
  }
}
