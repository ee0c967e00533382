import { deadLetterTopic, MessageRejected, parseMessage, type Message } from '@castad/contracts';
import { AppError, canonicalId, Metrics, ServiceConfig, shortened, toError } from '@castad/platform';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { KafkaMessage } from '@castad/kafkajs';
import { headersOf } from '../envelope.ts';
import { KafkaClient } from '../kafka/kafka.client.ts';
import { SERVICE } from '../tokens.ts';

/** A record as it came, with where it came from. */
export interface ReceivedRecord {
  topic: string;
  partition: number;
  record: KafkaMessage;
}

const MAX_ERROR_LENGTH = 1024;
const MAX_REASON_LENGTH = 1000;

/** Publishes a message, unchanged, to the dead-letter topic with the reason, and tells its task. */
@Injectable()
export class DeadLetters {
  private readonly logger = new Logger(DeadLetters.name);
  private readonly counter;
  private readonly redact;

  constructor(
    private readonly kafka: KafkaClient,
    @Inject(SERVICE) private readonly service: string,
    config: ServiceConfig,
    metrics: Metrics,
  ) {
    this.redact = config.redactor();
    this.counter = metrics.counter('castad_dead_letters_total', 'Dead letters', ['reason']);
  }

  /** Resolves when the broker has it; only then may the offset move on. */
  async put({ topic, partition, record }: ReceivedRecord, thrown: unknown): Promise<void> {
    const error = toError(thrown);
    const reason = error instanceof AppError ? error.code : 'HANDLER_FAILED';
    const text = shortened(this.redact(`${error.name}: ${error.message}`), MAX_ERROR_LENGTH);
    const headers = {
      ...record.headers,
      dl_topic: topic,
      dl_partition: String(partition),
      dl_offset: record.offset,
      dl_reason: reason,
      dl_error: text,
      dl_at: new Date().toISOString(),
    };
    const rejected = this.rejection(record, error);
    await this.kafka.send([
      { topic: deadLetterTopic(this.service), messages: [{ key: record.key, value: record.value, headers }] },
      ...(rejected
        ? [
            {
              topic: MessageRejected.topic,
              messages: [
                { key: rejected.taskId, value: JSON.stringify(rejected), headers: headersOf(rejected, this.service) },
              ],
            },
          ]
        : []),
    ]);
    this.counter.inc({ reason });
    this.logger.error(
      { taskId: record.key?.toString(), topic, partition, offset: record.offset, reason, error: text },
      'dead letter',
    );
  }

  /** Undefined where no task can be told. The reason may reach a client, so an unexpected error's text stays out. */
  private rejection({ key, value, headers }: KafkaMessage, error: Error): MessageRejected | undefined {
    const messageType = headers?.ce_type?.toString();
    if (messageType === MessageRejected.type) return undefined;
    const reason = error instanceof AppError ? error.message : 'Something went wrong on our side.';
    try {
      return parseMessage(MessageRejected, {
        taskId: canonicalId(key?.toString() ?? ''),
        revision: revisionIn(value),
        service: this.service,
        messageType,
        reason: shortened(reason, MAX_REASON_LENGTH),
      });
    } catch {
      return undefined;
    }
  }
}

function revisionIn(value: Buffer | null): number {
  try {
    const { revision } = JSON.parse(value?.toString() ?? '') as Partial<Message>;
    return Number.isInteger(revision) ? Math.max(0, revision as number) : 0;
  } catch {
    return 0;
  }
}
