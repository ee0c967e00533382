import { AppError, toError } from '@castad/platform';
import { Logger } from '@nestjs/common';
import { isOfType, type KafkaMessage } from '@castad/kafkajs';
import type { DeadLetters } from '../consumer/dead-letters.ts';
import type { KafkaClient, TopicMessages } from '../kafka/kafka.client.ts';
import { partitionOf } from './partitions.ts';

/** One row of the outbox. */
export interface Row {
  seq: number;
  topic: string;
  key: string;
  headers: string;
  value: string;
}

/** What goes to one partition of one topic; in it the order of the rows is kept. */
export interface Lane {
  topic: string;
  partition: number;
}

interface Blocked extends Lane {
  failures: number;
  /** When it is worth another try, by the monotonic clock. */
  until: number;
}

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 5_000;

/** Sends rows so that a partition that takes nothing holds up itself alone. */
export class OutboxSender {
  private readonly logger = new Logger('OutboxRelay');
  private readonly blocked = new Map<string, Blocked>();
  /** Of one call, told together: when the broker is away, all partitions are. */
  private readonly failures: object[] = [];

  constructor(
    private readonly kafka: KafkaClient,
    private readonly deadLetters: DeadLetters,
  ) {}

  /** The partitions that nothing is to be sent to yet. */
  waiting(): Lane[] {
    return [...this.blocked.values()].filter(({ until }) => until > performance.now());
  }

  /** How long until one of them is tried again; undefined when there is none. */
  nextTryMs(): number | undefined {
    if (this.blocked.size === 0) return undefined;
    return Math.max(1, Math.min(...[...this.blocked.values()].map(({ until }) => until)) - performance.now());
  }

  /** Returns the rows that are done with: the broker has them, or they were dead-lettered. */
  async send(rows: Row[]): Promise<Row[]> {
    const lanes = [...Map.groupBy(rows, laneOf).values()].filter(lane => !this.isWaiting(lane));
    const [suspect, healthy] = [
      lanes.filter(lane => this.isSuspect(lane)),
      lanes.filter(lane => !this.isSuspect(lane)),
    ];
    this.failures.length = 0;
    const sent = await Promise.all([this.together(healthy), ...suspect.map(lane => this.alone(lane))]);
    const [first] = this.failures;
    if (first) this.logger.warn({ ...first, partitions: this.failures.length }, 'the outbox waits for partitions');
    return sent.flat();
  }

  /** One request for all; where that fails each partition shows by itself what it takes. */
  private async together(lanes: Row[][]): Promise<Row[]> {
    if (lanes.length === 0) return [];
    try {
      await this.kafka.send(byTopic(lanes.flat()));
      return lanes.flat();
    } catch (error) {
      if (lanes.length === 1 && !isTooLarge(error)) return this.block(lanes[0] as Row[], error);
      return (await Promise.all(lanes.map(lane => this.alone(lane)))).flat();
    }
  }

  private async alone(lane: Row[]): Promise<Row[]> {
    try {
      await this.kafka.send(byTopic(lane));
    } catch (error) {
      return isTooLarge(error) ? this.oneByOne(lane) : this.block(lane, error);
    }
    this.blocked.delete(laneOf(lane[0] as Row));
    return lane;
  }

  /** A record that the broker will never take must not hold up the ones behind it. */
  private async oneByOne(lane: Row[]): Promise<Row[]> {
    const done: Row[] = [];
    for (const row of lane) {
      try {
        await this.kafka.send(byTopic([row])).catch((error: unknown) => this.deadLetter(row, error));
        done.push(row);
      } catch (error) {
        return [...done, ...this.block([row], error)];
      }
    }
    this.blocked.delete(laneOf(lane[0] as Row));
    return done;
  }

  private async deadLetter(row: Row, error: unknown): Promise<void> {
    if (!isTooLarge(error)) throw error;
    const { topic, key, seq } = row;
    const record = { ...recordOf(row), offset: `outbox ${seq}` } as unknown as KafkaMessage;
    const reason = new AppError('MESSAGE_TOO_LARGE', 'The message is larger than the broker takes.', { cause: error });
    await this.deadLetters.put({ topic, partition: partitionOf(key), record }, reason);
  }

  private block(lane: Row[], error: unknown): Row[] {
    const { topic, key } = lane[0] as Row;
    const name = laneOf(lane[0] as Row);
    const failures = (this.blocked.get(name)?.failures ?? 0) + 1;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS);
    const partition = partitionOf(key);
    this.blocked.set(name, { topic, partition, failures, until: performance.now() + pauseMs });
    this.failures.push({ topic, partition, failures, error: toError(error).message });
    return [];
  }

  private isSuspect(lane: Row[]): boolean {
    return this.blocked.has(laneOf(lane[0] as Row));
  }

  private isWaiting(lane: Row[]): boolean {
    return (this.blocked.get(laneOf(lane[0] as Row))?.until ?? 0) > performance.now();
  }
}

const laneOf = ({ topic, key }: Row): string => `${topic} ${partitionOf(key)}`;

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

const isTooLarge = (error: unknown): boolean => isOfType(error, TOO_LARGE);

const recordOf = ({ key, headers, value }: Row) => ({
  key,
  value,
  headers: JSON.parse(headers) as Record<string, string>,
  partition: partitionOf(key),
});

const byTopic = (rows: Row[]): TopicMessages[] =>
  [...Map.groupBy(rows, ({ topic }) => topic)].map(([topic, ofTopic]) => ({ topic, messages: ofTopic.map(recordOf) }));
