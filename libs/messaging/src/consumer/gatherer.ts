import { Spacing } from '@castad/platform';
import type { TopicOffsets } from '@castad/kafkajs';
import type { ReceivedRecord } from './dead-letters.ts';
import { ConsumerHalted } from './dispatcher.ts';

const MAX_RECORDS = 500;
const HEARTBEAT_MS = 1_000;
const SPACING_MS = 50;

/** A run of records of one partition, with what kafkajs lends for as long as they are ours. */
export interface Share {
  records: ReceivedRecord[];
  heartbeat: () => Promise<void>;
  /** Throws when the consumer stops or the partition was taken away. */
  assertOurs: () => void;
  /** Commits offsets of any partition of this consumer. */
  commit: (topics: TopicOffsets[]) => Promise<void>;
}

interface Waiting {
  share: Share;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * kafkajs hands over one partition at a time, concurrently. Here the shares that are ready at the same time become one
 * batch of at most 500 records, so that they cost one transaction.
 */
export class Gatherer {
  private waiting: Waiting[] = [];
  private working = false;
  private readonly spacing = new Spacing(SPACING_MS);

  constructor(private readonly process: (records: ReceivedRecord[], stillOurs: () => void) => Promise<void>) {}

  /** Resolves when all records of the share are done with and their offset is committed. A share holds at most 500. */
  add(share: Share): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ share, resolve, reject });
      if (!this.working) {
        this.working = true;
        setImmediate(() => void this.work());
      }
    });
  }

  static readonly MAX_RECORDS = MAX_RECORDS;

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.spacing.begin();
      const batch = this.take();
      this.spacing.carried(batch.reduce((records, { share }) => records + share.records.length, 0));
      try {
        await this.withHeartbeat(batch, stillOurs =>
          this.process(
            batch.flatMap(({ share }) => share.records),
            stillOurs,
          ),
        );
        await batch[0]?.share.commit(offsetsAfter(batch.flatMap(({ share }) => share.records)));
        batch.forEach(({ resolve }) => resolve());
      } catch (error) {
        if (error instanceof ConsumerHalted) await this.commitDone(batch, error.done);
        batch.forEach(({ reject }) => reject(error));
      }
    }
    this.working = false;
  }

  /** So that no message is dead-lettered twice. What cannot be committed comes again. */
  private async commitDone(batch: Waiting[], done: number): Promise<void> {
    const records = batch.flatMap(({ share }) => share.records).slice(0, done);
    await batch[0]?.share.commit(offsetsAfter(records)).catch(() => undefined);
  }

  private take(): Waiting[] {
    let records = 0;
    const end = this.waiting.findIndex(({ share }, i) => (records += share.records.length) > MAX_RECORDS && i > 0);
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  private async withHeartbeat(batch: Waiting[], work: (stillOurs: () => void) => Promise<void>): Promise<void> {
    let lost: { error: unknown } | undefined;
    const timer = setInterval(() => {
      batch[0]?.share.heartbeat().catch((error: unknown) => (lost = { error }));
    }, HEARTBEAT_MS);
    const stillOurs = () => {
      if (lost) throw lost.error;
      for (const { share } of batch) share.assertOurs();
    };
    try {
      await work(stillOurs);
    } finally {
      clearInterval(timer);
    }
  }
}

/** Partitions are read in order, so the last record of each says how far it is done. */
function offsetsAfter(records: ReceivedRecord[]): TopicOffsets[] {
  const last = new Map(records.map(received => [`${received.topic} ${received.partition}`, received]));
  return [...Map.groupBy(last.values(), ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition, record }) => ({ partition, offset: String(BigInt(record.offset) + 1n) })),
  }));
}
