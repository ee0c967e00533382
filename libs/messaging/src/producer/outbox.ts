import type { Message, MessageClass } from '@castad/contracts';
import { AppError, Metrics, ServiceConfig, Unavailable, type UnitOfWork } from '@castad/platform';
import { Inject, Injectable } from '@nestjs/common';
import { headersOf, type Cause } from '../envelope.ts';
import { OutboxRow } from './outbox.entity.ts';
import { partitionOf } from './partitions.ts';
import { SERVICE } from '../tokens.ts';

const MAX_BYTES = 256 * 1024;

/** The only way out: a message leaves as a row of the transaction whose change it tells of. */
@Injectable()
export class Outbox {
  private readonly added;
  private readonly backlog;
  private rows = 0;

  constructor(
    @Inject(SERVICE) private readonly service: string,
    private readonly config: ServiceConfig,
    metrics: Metrics,
  ) {
    this.backlog = metrics.gauge('castad_outbox_rows', 'Messages that wait for the broker, when last looked at');
    this.added = metrics.counter('castad_messages_sent_total', 'Messages written to the outbox', ['type']);
  }

  get waiting(): number {
    return this.rows;
  }

  set waiting(rows: number) {
    this.rows = rows;
    this.backlog.set(rows);
  }

  /** For who accepts work from outside. @throws Unavailable `BACKLOG_FULL` while too much waits for the broker */
  assertRoom(): void {
    if (this.rows > this.config.OUTBOX_MAX_ROWS)
      throw new Unavailable('BACKLOG_FULL', 'Too much work waits to be handed on. Try again in a moment.');
  }

  /** @throws AppError `MESSAGE_TOO_LARGE` over 256 KiB: the broker would refuse it for ever */
  add(unit: UnitOfWork, message: Message, cause?: Cause, id?: string): void {
    const { type, topic } = message.constructor as MessageClass;
    const { taskId } = message;
    const value = JSON.stringify(message);
    if (Buffer.byteLength(value) > MAX_BYTES)
      throw new AppError('MESSAGE_TOO_LARGE', `${type} is larger than ${MAX_BYTES} bytes`);
    const headers = JSON.stringify(headersOf(message, this.service, cause, id));
    unit.insert(Object.assign(new OutboxRow(), { topic, partition: partitionOf(taskId), key: taskId, headers, value }));
    this.added.inc({ type });
  }
}
