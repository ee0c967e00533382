import { catalog } from '@castad/contracts';
import {
  handledTypes,
  readEnvelope,
  readMessage,
  readTopics,
  sizeOf,
  spansOf,
  tellProgress,
  UnreadableRecord,
  type KafkaClient,
  type RecordBatch,
} from '@castad/messaging';
import { ProjectionHandlers } from './projection.handlers.ts';
import type { OldEvent } from './rebuilding.ts';

type OldRecord = RecordBatch['records'][number];

/** Tasks in one part: few enough for a short transaction, many enough for full statements. */
const TASKS = 250;

/** What is held at once. A task's events lie near each other in time, so most of them come in one part. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Parts under way: one is written while the next is made. */
const LANES = 2;

/**
 * Reads all events that the projection handles and hands them out in parts, task by task: a task has the same
 * partition in every topic, so these are read partition after partition. Returns how many there were.
 */
export async function readHistory(
  kafka: KafkaClient['kafka'],
  fold: (part: OldEvent[]) => Promise<void>,
): Promise<number> {
  const types = new Set(handledTypes(ProjectionHandlers));
  const topics = [...new Set([...types].map(type => catalog.get(type)?.topic as string))];
  const admin = kafka.admin();
  await admin.connect();
  const spans = await spansOf(admin, topics).finally(() => admin.disconnect());
  const report = tellProgress('rebuild');
  const total = sizeOf(spans);
  const lanes = new Lanes();
  let events = 0;

  const hand = async (tasks: OldRecord[][]): Promise<void> => {
    for (let start = 0; start < tasks.length; start += TASKS) {
      const part = tasks.slice(start, start + TASKS).flatMap(records => records.flatMap(record => read(record, types)));
      events += part.length;
      if (part.length > 0) await lanes.run(() => fold(part));
    }
  };

  let held = new Held();
  for await (const { partition, records, done } of readTopics(kafka, [
    ...Map.groupBy(spans, at => at.partition).values(),
  ])) {
    if (partition !== held.partition || held.bytes > MAX_BYTES) {
      await hand(held.tasks());
      held = new Held(partition);
    }
    held.add(records);
    report({ done, total });
  }
  await hand(held.tasks());
  await lanes.end();
  return events;
}

/** What live handling would make a dead letter or skip is no part of the history. */
function read(record: OldRecord, types: Set<string>): OldEvent[] {
  try {
    const envelope = readEnvelope(record);
    return types.has(envelope.type) ? [{ envelope, event: readMessage(envelope, record) }] : [];
  } catch (error) {
    if (error instanceof UnreadableRecord) return [];
    throw error;
  }
}

class Held {
  bytes = 0;
  private readonly byTask = new Map<string, OldRecord[]>();

  constructor(readonly partition = -1) {}

  add(records: OldRecord[]): void {
    for (const record of records) {
      const task = record.key?.toString() ?? '';
      const others = this.byTask.get(task);
      if (others) others.push(record);
      else this.byTask.set(task, [record]);
      this.bytes += record.value?.length ?? 0;
    }
  }

  tasks(): OldRecord[][] {
    return [...this.byTask.values()];
  }
}

class Lanes {
  private readonly running = new Set<Promise<void>>();

  /** Resolves when the work has begun. */
  async run(work: () => Promise<void>): Promise<void> {
    while (this.running.size >= LANES) await Promise.race(this.running);
    const running = work().then(() => void this.running.delete(running));
    // Whoever waits next is told.
    running.catch(() => undefined);
    this.running.add(running);
  }

  async end(): Promise<void> {
    await Promise.all(this.running);
  }
}
