import type { Consumer, EachBatchPayload, Kafka, KafkaJSProtocolError, KafkaMessage } from '@castad/kafkajs';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Span } from './topic-spans.ts';

/** Records of one partition, in order. */
export interface RecordBatch {
  topic: string;
  partition: number;
  records: KafkaMessage[];
  /** How many offsets of the spans are done with when this batch is. */
  done: number;
}

const MAX_WAIT_MS = 50;
const SESSION_TIMEOUT_MS = 60_000;
const HEARTBEAT_MS = 3_000;
const LOADING_MS = 500;
const MAX_BEGINNINGS = 20;

/**
 * Reads spans to their ends, round after round, as fast as they are asked for: no more than one fetch is held. It
 * commits nothing, and leaves no consumer group behind.
 */
export async function* readTopics(kafka: Kafka, rounds: Span[][]): AsyncGenerator<RecordBatch, void> {
  if (rounds.flat().every(isEmpty)) return;
  const groupId = `castad-reader-${randomUUID()}`;
  const reading = await begin(kafka, groupId, rounds);
  try {
    yield* reading.batches as AsyncIterable<RecordBatch>;
  } finally {
    await reading.end();
    await deleteGroup(kafka, groupId);
  }
}

async function begin(kafka: Kafka, groupId: string, rounds: Span[][]): Promise<Reading> {
  for (let round = 1; ; round++) {
    const reading = new Reading(kafka, groupId, rounds);
    try {
      await reading.begin();
      return reading;
    } catch (error) {
      await reading.end();
      // A broker that has just started: kafkajs would begin again by itself, but elsewhere.
      if ((error as KafkaJSProtocolError).type !== 'GROUP_LOAD_IN_PROGRESS' || round === MAX_BEGINNINGS) throw error;
      await delay(LOADING_MS);
    }
  }
}

/** The way from kafkajs, which pushes, to whoever reads, who pulls. */
class Reading {
  readonly batches = new PassThrough({ objectMode: true, highWaterMark: 1 });
  private readonly ends = new Map<string, bigint>();
  private done = 0;

  private readonly consumer: Consumer;
  private readonly rounds: Span[][];

  constructor(
    kafka: Kafka,
    groupId: string,
    private readonly all: Span[][],
  ) {
    this.rounds = all.map(round => round.filter(span => !isEmpty(span))).filter(({ length }) => length > 0);
    this.consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async () => false },
    });
    this.consumer.on(this.consumer.events.CRASH, ({ payload: { error } }) => this.batches.destroy(error));
    // Whoever reads is told; before that `begin` is.
    this.batches.on('error', () => undefined);
  }

  async begin(): Promise<void> {
    const topics = [...new Set(this.rounds.flat().map(({ topic }) => topic))];
    await this.consumer.connect();
    await this.consumer.subscribe({ topics, fromBeginning: true });
    const joined = this.consumer.run({ autoCommit: false, eachBatch: payload => this.take(payload) });
    // Before it has joined, so that nothing is fetched from elsewhere.
    this.consumer.pause(this.all.flat().map(({ topic, partition }) => ({ topic, partitions: [partition] })));
    for (const { topic, partition, from } of this.rounds.flat())
      this.consumer.seek({ topic, partition, offset: String(from) });
    this.beginRound();
    await joined;
    // kafkajs does not say by itself that it could not join.
    if (this.batches.errored) throw this.batches.errored;
  }

  async end(): Promise<void> {
    this.batches.destroy();
    await this.consumer.disconnect();
  }

  private async take(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const end = this.ends.get(keyOf(topic, partition));
    if (end === undefined) return;
    const records = messages.filter(({ offset }) => BigInt(offset) < end);
    const isOver = BigInt(messages.at(-1)?.offset ?? -1) + 1n >= end;
    this.done += records.length;
    await this.handOver({ topic, partition, records, done: this.done }, () => payload.heartbeat());
    if (isOver) this.finish(topic, partition);
  }

  private async handOver(batch: RecordBatch, heartbeat: () => Promise<void>): Promise<void> {
    if (this.batches.write(batch)) return;
    // A reader may be slow for longer than a session; a lost one is met by the next fetch.
    const timer = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
    const either = new AbortController();
    const [drained, closed] = ['drain', 'close'].map(event => once(this.batches, event, either));
    await Promise.race([drained, closed]).catch(() => undefined);
    either.abort();
    await Promise.allSettled([drained, closed]);
    clearInterval(timer);
  }

  private finish(topic: string, partition: number): void {
    this.ends.delete(keyOf(topic, partition));
    this.consumer.pause([{ topic, partitions: [partition] }]);
    if (this.ends.size === 0) this.beginRound();
  }

  private beginRound(): void {
    const round = this.rounds.shift();
    if (!round) return void this.batches.end();
    for (const { topic, partition, to } of round) {
      this.ends.set(keyOf(topic, partition), to);
      this.consumer.resume([{ topic, partitions: [partition] }]);
    }
  }
}

const isEmpty = ({ from, to }: Span): boolean => from >= to;

const keyOf = (topic: string, partition: number): string => `${topic} ${partition}`;

/** It would be forgotten by the broker anyhow, but not before days. */
async function deleteGroup(kafka: Kafka, groupId: string): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.deleteGroups([groupId]);
  } catch {
    // What was read is read.
  } finally {
    await admin.disconnect();
  }
}
