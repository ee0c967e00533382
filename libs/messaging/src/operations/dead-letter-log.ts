import { deadLetterTopic } from '@castad/contracts';
import type { Kafka, KafkaMessage } from '@castad/kafkajs';
import { BoundedSender } from './bounded-sender.ts';
import { headerOf } from '../envelope.ts';
import type { Progress } from './progress.ts';
import { copyRecords } from './replay.ts';
import { readTopics } from './topic-reader.ts';
import { spansOf, type Span } from './topic-spans.ts';

/** A dead letter that has been neither redriven nor discarded. */
export interface DeadLetter {
  /** partition:offset in the topic of dead letters. */
  id: string;
  partition: number;
  key: Buffer | null;
  taskId: string;
  type: string;
  reason: string;
  error: string;
  /** topic/partition/offset of the message itself. */
  of: string;
  at: Date;
}

export type Decision = 'redriven' | 'discarded' | 'resumed';

const DECISION = 'dl_decision';
const DECIDES = 'dl_decides';

/** Not a letter's id: nothing is decided about a letter. */
const CONSUMER = 'consumer';

/** An operator lets halted consumers of the service go on. */
export const isResumption = ({ headers }: Pick<KafkaMessage, 'headers'>): boolean =>
  headerOf(headers, DECISION) === 'resumed' && headerOf(headers, DECIDES) === CONSUMER;

const idOf = (partition: number, offset: string): string => `${partition}:${offset}`;

/** A service's dead letters: a log in which nothing is changed; what became of a letter is said by a later record. */
export class DeadLetterLog {
  private readonly topic: string;

  constructor(
    private readonly kafka: Kafka,
    private readonly service: string,
  ) {
    this.topic = deadLetterTopic(service);
  }

  /** Those nobody has decided about, oldest first. */
  async open(): Promise<DeadLetter[]> {
    const letters = new Map<string, DeadLetter>();
    for await (const { partition, records } of readTopics(this.kafka, [await this.spans()])) {
      for (const record of records) {
        const decided = headerOf(record.headers, DECIDES);
        if (decided) letters.delete(decided);
        else letters.set(idOf(partition, record.offset), letterOf(partition, record));
      }
    }
    return [...letters.values()].sort((a, b) => a.at.getTime() - b.at.getTime());
  }

  /** The record itself, as it was dead-lettered. */
  async record(letter: DeadLetter): Promise<KafkaMessage | undefined> {
    for await (const { partition, records } of readTopics(this.kafka, [await this.spans([letter])])) {
      const found = records.find(({ offset }) => idOf(partition, offset) === letter.id);
      if (found) return found;
    }
    return undefined;
  }

  /** Has the service handle them again; what it has handled meanwhile, its inbox drops. */
  async redrive(letters: DeadLetter[], onProgress?: (progress: Progress) => void): Promise<void> {
    const ids = new Set(letters.map(({ id }) => id));
    await copyRecords(this.kafka, await this.spans(letters), {
      to: this.service,
      matches: ({ offset }, partition) => ids.has(idOf(partition, offset)),
      onProgress,
    });
    await this.decide(letters, 'redriven');
  }

  /** They are not listed any more; the records stay. */
  discard(letters: DeadLetter[]): Promise<void> {
    return this.decide(letters, 'discarded');
  }

  /** Every process of the service whose consumer has halted goes on, behind its dead letters. */
  resumeConsumers(): Promise<void> {
    return this.decide([{ id: CONSUMER, key: null, partition: 0 }], 'resumed');
  }

  private async decide(letters: Pick<DeadLetter, 'id' | 'key' | 'partition'>[], decision: Decision): Promise<void> {
    const sender = new BoundedSender(this.kafka, this.topic);
    await sender.connect();
    try {
      for (const { id, key, partition } of letters) {
        const headers = { [DECISION]: decision, [DECIDES]: id, dl_at: new Date().toISOString() };
        await sender.add({ key, partition, value: null, headers });
      }
      await sender.flush();
    } finally {
      await sender.close();
    }
  }

  /** All of the topic, or no more than holds these letters. */
  private async spans(letters?: DeadLetter[]): Promise<Span[]> {
    const admin = this.kafka.admin();
    await admin.connect();
    const spans = await spansOf(admin, [this.topic]).finally(() => admin.disconnect());
    return letters ? spans.map(span => around(span, letters)) : spans;
  }
}

function around(span: Span, letters: DeadLetter[]): Span {
  const offsets = letters
    .filter(({ partition }) => partition === span.partition)
    .map(({ id }) => BigInt(id.split(':')[1] as string))
    .sort((a, b) => Number(a - b));
  const [first, last] = [offsets[0], offsets.at(-1)];
  if (first === undefined || last === undefined) return { ...span, from: span.to };
  return { ...span, from: first, to: last + 1n };
}

function letterOf(partition: number, { offset, key, headers }: KafkaMessage): DeadLetter {
  const text = (name: string) => headerOf(headers, name) ?? '';
  return {
    id: idOf(partition, offset),
    partition,
    key,
    taskId: key?.toString() ?? '',
    type: text('ce_type'),
    reason: text('dl_reason'),
    error: text('dl_error'),
    of: `${text('dl_topic')}/${text('dl_partition')}/${text('dl_offset')}`,
    at: new Date(text('dl_at')),
  };
}
