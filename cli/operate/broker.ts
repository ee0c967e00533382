import { kafkaConfig } from '@castad/messaging';
import { KafkaConfig, loadConfig } from '@castad/platform';
import { Kafka, logLevel, type Admin } from '@castad/kafkajs';
import { Failure } from '../../sandbox/failure.ts';

/** A broker that has these topics. @throws Failure when none answers, or a topic is missing */
export async function broker(...topics: string[]): Promise<Kafka> {
  const config = loadConfig(KafkaConfig);
  const retry = { initialRetryTime: 200, retries: 4 };
  const kafka = new Kafka({ ...kafkaConfig(config, 'operator'), logLevel: logLevel.NOTHING, retry });
  const existing = await withAdmin(kafka, admin => admin.listTopics()).catch((cause: unknown) => {
    throw new Failure(`No broker answers at ${config.KAFKA_BROKERS}.`, {
      next: 'check KAFKA_BROKERS, KAFKA_SSL and KAFKA_SASL_MECHANISM, and that Kafka runs.',
      cause,
    });
  });
  const missing = topics.filter(topic => !existing.includes(topic));
  if (missing.length === 0) return kafka;
  throw new Failure(`There is no topic ${missing.join(', ')} yet.`, { next: 'run node dist/cli/topics/main.js.' });
}

export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  return work(admin).finally(() => admin.disconnect());
}
