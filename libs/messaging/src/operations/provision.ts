import { deadLetterTopic, PARTITIONS, replayTopic, services, topics } from '@castad/contracts';
import { isOfType, type Admin, type Kafka } from '@castad/kafkajs';
import { setTimeout as delay } from 'node:timers/promises';

export interface Provisioning {
  replication: number;
  minInSync: number;
}

/** The largest record there can be, and the headers that say where it comes from or why it was dead-lettered. */
const LARGEST_COPY = 2 * 1024 * 1024;

const LOOK_AGAIN_MS = 100;
const LED_WITHIN_MS = 60_000;

/**
 * Makes the topics that are missing, with their retention; leaves existing ones alone. Returns the new names, when all
 * topics can be used.
 */
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
    const until = Date.now() + LED_WITHIN_MS;
    for (const { name } of wanted) await led(admin, name, until);
    return missing.map(({ name }) => name);
  } finally {
    await admin.disconnect();
  }
}

/** A broker is named as leader of a new partition before it leads it: until then it refuses whatever is asked of it. */
async function led(admin: Admin, topic: string, until: number): Promise<void> {
  for (;;) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (Date.now() > until || !isOfType(error, NOT_LED)) throw error;
      await delay(LOOK_AGAIN_MS);
    }
  }
}

const NOT_LED = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION']);
