import { deadLetterTopic, PARTITIONS, replayTopic, services, topics } from '@castad/contracts';
import type { Kafka } from '@castad/kafkajs';

export interface Provisioning {
  replication: number;
  minInSync: number;
}

/** The largest record there can be, and the headers that say where it comes from or why it was dead-lettered. */
const LARGEST_COPY = 2 * 1024 * 1024;

/** Makes the topics that are missing, with their retention; leaves existing ones alone. Returns the new names. */
export async function provisionTopics(kafka: Kafka, { replication, minInSync }: Provisioning): Promise<string[]> {
  const wanted: { name: string; retentionMs: number; maxMessageBytes?: number }[] = [
    ...Object.values(topics),
    ...services.flatMap(service => [
      { name: replayTopic(service), retentionMs: topics.taskCommands.retentionMs, maxMessageBytes: LARGEST_COPY },
      { name: deadLetterTopic(service), retentionMs: -1, maxMessageBytes: LARGEST_COPY },
    ]),
  ];
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ name }) => !existing.has(name));
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, retentionMs, maxMessageBytes }) => ({
        topic: name,
        numPartitions: PARTITIONS,
        replicationFactor: replication,
        configEntries: [
          { name: 'retention.ms', value: String(retentionMs) },
          { name: 'min.insync.replicas', value: String(minInSync) },
          // One batch of a codec that kafkajs lacks would stop every consumer for good.
          { name: 'compression.type', value: 'uncompressed' },
          ...(maxMessageBytes ? [{ name: 'max.message.bytes', value: String(maxMessageBytes) }] : []),
        ],
      })),
    });
    return missing.map(({ name }) => name);
  } finally {
    await admin.disconnect();
  }
}
