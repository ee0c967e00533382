import { replayTopic } from '@castad/contracts';
import type { IHeaders, Kafka, KafkaMessage } from '@castad/kafkajs';
import { BoundedSender } from './bounded-sender.ts';
import { FORCE_HEADER, headerOf, REPLAY_HEADER } from '../envelope.ts';
import type { Progress } from './progress.ts';
import { readTopics } from './topic-reader.ts';
import { sizeOf, spansOf, type Period, type Span } from './topic-spans.ts';

/** Which records are copied to whom. What is not given does not matter. */
export interface Replay extends Period {
  /** The service that is to read them again. */
  to: string;
  from: string[];
  taskId?: string;
  types?: string[];
  /** Also what the service has handled before. */
  force?: boolean;
  /** Only counts. */
  dryRun?: boolean;
  onProgress?: (progress: Progress) => void;
}

/** Copies matching records into the service's replay topic. Returns how many. */
export async function replay(kafka: Kafka, { taskId, types, ...order }: Replay): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  const spans = await spansOf(admin, order.from, order).finally(() => admin.disconnect());
  return copyRecords(kafka, spans, {
    ...order,
    matches: ({ key, headers }) =>
      (!taskId || key?.toString() === taskId) && (!types || types.includes(headerOf(headers, 'ce_type') ?? '')),
  });
}

interface Copying extends Pick<Replay, 'to' | 'force' | 'dryRun' | 'onProgress'> {
  matches: (record: KafkaMessage, partition: number) => boolean;
}

/** The copy of records as it is: matching ones of these spans, each partition in order. Returns how many. */
export async function copyRecords(kafka: Kafka, spans: Span[], copying: Copying): Promise<number> {
  const { to, force, dryRun, onProgress, matches } = copying;
  const total = sizeOf(spans);
  const sender = new BoundedSender(kafka, replayTopic(to));
  let copied = 0;
  if (!dryRun) await sender.connect();
  try {
    for await (const { topic, partition, records, done } of readTopics(kafka, [spans])) {
      for (const record of records) {
        if (!matches(record, partition)) continue;
        copied++;
        if (dryRun) continue;
        const headers = { ...original(record.headers), [REPLAY_HEADER]: `${topic}/${partition}/${record.offset}` };
        // The same partition: so the order of each key stays.
        await sender.add({
          key: record.key,
          value: record.value,
          partition,
          headers: force ? { ...headers, [FORCE_HEADER]: 'true' } : headers,
        });
      }
      await sender.flush();
      onProgress?.({ done, total });
    }
  } finally {
    await sender.close();
  }
  return copied;
}

/** A dead letter's record as it was in its own topic. */
function original(headers: IHeaders = {}): IHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('dl_')));
}
