import type { Admin } from '@castad/kafkajs';

/** A part of one partition: the offsets from `from` up to and without `to`. */
export interface Span {
  topic: string;
  partition: number;
  from: bigint;
  to: bigint;
}

/** What to read: all there is now, or what was sent between two times. */
export interface Period {
  since?: Date;
  until?: Date;
}

/** The spans of all partitions of the topics, also of empty ones. The ends stay where they are now. */
export async function spansOf(admin: Admin, topics: string[], { since, until }: Period = {}): Promise<Span[]> {
  const spans: Span[] = [];
  for (const topic of topics) {
    const bounds = await admin.fetchTopicOffsets(topic);
    const begin = since && (await offsetsAt(admin, topic, since));
    const end = until && (await offsetsAt(admin, topic, until));
    for (const { partition, low, high } of bounds) {
      const to = min(BigInt(high), end?.get(partition) ?? BigInt(high));
      const from = max(BigInt(low), begin?.get(partition) ?? BigInt(low));
      spans.push({ topic, partition, from: min(from, to), to });
    }
  }
  return spans.sort((a, b) => a.partition - b.partition);
}

export const sizeOf = (spans: Span[]): number => spans.reduce((size, { from, to }) => size + Number(to - from), 0);

async function offsetsAt(admin: Admin, topic: string, time: Date): Promise<Map<number, bigint>> {
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, time.getTime());
  return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]));
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
