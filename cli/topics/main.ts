import 'reflect-metadata';
import { kafkaConfig, provisionTopics } from '@castad/messaging';
import { KafkaConfig, loadConfig, toError } from '@castad/platform';
import { IsInt, Min } from 'class-validator';
import { Kafka, logLevel } from '@castad/kafkajs';

class TopicsConfig extends KafkaConfig {
  @IsInt()
  @Min(1)
  TOPIC_REPLICATION: number = 3;

  @IsInt()
  @Min(1)
  TOPIC_MIN_INSYNC: number = 2;
}

/** Creates missing topics. Safe to repeat and to run concurrently. */
try {
  const config = loadConfig(TopicsConfig);
  const kafka = new Kafka({ ...kafkaConfig(config, 'topics'), logLevel: logLevel.NOTHING });
  const made = await provisionTopics(kafka, {
    replication: config.TOPIC_REPLICATION,
    minInSync: config.TOPIC_MIN_INSYNC,
  });
  console.log(made.length > 0 ? `made ${made.length} topics: ${made.join(', ')}` : 'all topics exist');
} catch (error) {
  console.error(`cannot make the topics: ${toError(error).message}`);
  process.exitCode = 1;
}
