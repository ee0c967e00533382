import { Partitioners, type Kafka, type Message, type Producer } from '@castad/kafkajs';

const MAX_RECORDS = 500;
const MAX_BYTES = 512 * 1024;

/** Sends many records to one topic in few requests, each of a bounded size, in order. */
export class BoundedSender {
  private readonly producer: Producer;
  private messages: Message[] = [];
  private bytes = 0;

  constructor(
    kafka: Kafka,
    private readonly topic: string,
  ) {
    this.producer = kafka.producer({
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
  }

  connect(): Promise<void> {
    return this.producer.connect();
  }

  async add(message: Message): Promise<void> {
    const bytes = sizeOf(message);
    if (this.messages.length === MAX_RECORDS || this.bytes + bytes > MAX_BYTES) await this.flush();
    this.messages.push(message);
    this.bytes += bytes;
  }

  async flush(): Promise<void> {
    const messages = this.messages;
    this.messages = [];
    this.bytes = 0;
    if (messages.length > 0) await this.producer.send({ topic: this.topic, acks: -1, messages });
  }

  close(): Promise<void> {
    return this.producer.disconnect();
  }
}

const sizeOf = ({ value, headers }: Message): number =>
  (value?.length ?? 0) + Object.values(headers ?? {}).reduce<number>((sum, header) => sum + (header?.length ?? 0), 0);
