import { TaskDeleted, type Message } from '@castad/contracts';
import {
  AppError,
  Database,
  explain,
  isDatabaseAway,
  isRace,
  Metrics,
  Retention,
  toError,
  type UnitOfWork,
} from '@castad/platform';
import { Injectable, Logger } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { setTimeout as delay } from 'node:timers/promises';
import { isObservable, lastValueFrom } from 'rxjs';
import { DeadLetters, type ReceivedRecord } from './dead-letters.ts';
import { isForced, readEnvelope, readMessage, type Envelope } from '../envelope.ts';
import type { Handlers } from './handlers.ts';
import { InboxRow } from './inbox.entity.ts';
import { MessageContext } from './message-context.ts';
import { Outbox } from '../producer/outbox.ts';

const HANDLER_TIMEOUT_MS = 10_000;
const MAX_TIMEOUTS = 2;
/** Each is several tries of the transaction; a key that is still taken then always will be. */
const MAX_RACES = 8;
const MAX_DEAD_LETTERS_IN_A_ROW = 10;
const MAX_PAUSE_MS = 5_000;

interface Delivery extends ReceivedRecord {
  envelope: Envelope;
  message: Message;
  handler: MessageHandler;
}

interface Unreadable extends ReceivedRecord {
  error: unknown;
}

const isDelivery = (reading: Delivery | Unreadable): reading is Delivery => 'handler' in reading;

/** Every message fails: not the messages are bad but this deployment. Nothing more is taken. */
export class ConsumerHalted extends AppError {
  /** @param done how many records of the batch, from its first, are done with */
  constructor(readonly done: number) {
    super(
      'CONSUMER_HALTED',
      `${MAX_DEAD_LETTERS_IN_A_ROW} messages in a row became dead letters; consuming has stopped`,
    );
  }
}

class HandlerTimeout extends AppError {
  constructor(type: string) {
    super('HANDLER_TIMEOUT', `the handler of ${type} did not return in ${HANDLER_TIMEOUT_MS} ms`);
  }
}

/** Nothing is known to be wrong with the message; only what surely lies in it makes it a dead letter. */
const isAway = (error: unknown): boolean => (error instanceof AppError ? error.retriable : isDatabaseAway(error));

/** Runs handlers: many messages in one transaction, and one by one where that fails. */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly handled;
  private readonly skipped;
  private deadLettersInARow = 0;

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly deadLetters: DeadLetters,
    metrics: Metrics,
    retention: Retention,
  ) {
    // What is repeated even later, the rows' keys, their final states and the deadline absorb.
    retention.add({ table: 'inbox', timeColumn: 'handled_at', keepDays: 30 });
    this.handled = metrics.counter('castad_messages_handled_total', 'Messages handled', ['type']);
    this.skipped = metrics.counter('castad_messages_skipped_total', 'Messages nobody handles here', ['type']);
  }

  /**
   * Handles the records in order. When it resolves, each of them is handled, skipped or a dead letter.
   * @param stillOurs throws when the records are no longer ours to handle; asked before each wait
   * @throws ConsumerHalted after ten dead letters with no success between them
   */
  async dispatch(records: ReceivedRecord[], handlers: Handlers, stillOurs: () => void): Promise<void> {
    const readings = records.map(received => this.read(received, handlers)).filter(reading => reading !== undefined);
    const deliveries = readings.filter(isDelivery);
    const handled = deliveries.length > 1 && (await this.handleTogether(deliveries));
    for (const reading of readings) {
      if (this.deadLettersInARow >= MAX_DEAD_LETTERS_IN_A_ROW)
        throw new ConsumerHalted(records.findIndex(({ record }) => record === reading.record));
      if (!isDelivery(reading)) await this.putAside(reading, reading.error, stillOurs);
      else if (handled) this.deadLettersInARow = 0;
      else await this.handleOne(reading, stillOurs);
    }
    if (this.deadLettersInARow >= MAX_DEAD_LETTERS_IN_A_ROW) throw new ConsumerHalted(records.length);
  }

  /** After a halt: the next dead letter is the first in a row. */
  resume(): void {
    this.deadLettersInARow = 0;
  }

  /** Undefined: a type that nobody handles here. */
  private read(received: ReceivedRecord, handlers: Handlers): Delivery | Unreadable | undefined {
    try {
      const envelope = readEnvelope(received.record);
      const handler = handlers.find(received.topic, envelope.type);
      if (handler) return { ...received, envelope, handler, message: readMessage(envelope, received.record) };
      this.skipped.inc({ type: envelope.type });
      return undefined;
    } catch (error) {
      return { ...received, error };
    }
  }

  private async handleTogether(deliveries: Delivery[]): Promise<boolean> {
    try {
      await this.handle(deliveries);
      return true;
    } catch (error) {
      this.logger.debug({ error: toError(error).message, messages: deliveries.length }, 'one by one');
      return false;
    }
  }

  private async handleOne(delivery: Delivery, stillOurs: () => void): Promise<void> {
    for (let round = 1, late = 0, races = 0; ; round++) {
      stillOurs();
      try {
        return await this.handle([delivery]);
      } catch (error) {
        // It may have waited for a database that froze; then the next round does not get as far as the handler.
        const mayReturn = error instanceof HandlerTimeout && ++late < MAX_TIMEOUTS;
        const mayPass = isRace(error) && ++races < MAX_RACES;
        if (!isAway(error) && !mayReturn && !mayPass) return this.putAside(delivery, error, stillOurs);
        this.logger.warn({ error: explain(error), round }, 'waiting to handle a message');
        await delay(Math.random() * Math.min(50 * 2 ** round, MAX_PAUSE_MS));
      }
    }
  }

  private async putAside(received: ReceivedRecord, reason: unknown, stillOurs: () => void): Promise<void> {
    for (let round = 1; ; round++) {
      stillOurs();
      try {
        await this.deadLetters.put(received, reason);
        break;
      } catch (error) {
        this.logger.warn({ error: toError(error).message, round }, 'waiting to write a dead letter');
        await delay(Math.random() * Math.min(50 * 2 ** round, MAX_PAUSE_MS));
      }
    }
    this.deadLettersInARow++;
  }

  private async handle(deliveries: Delivery[]): Promise<void> {
    await this.database.transaction('background', async unit => {
      const fresh = await this.unhandled(deliveries, unit);
      for (const delivery of fresh) await this.call(delivery, unit);
    });
    this.deadLettersInARow = 0;
    for (const { envelope } of deliveries) this.handled.inc({ type: envelope.type });
  }

  /** Drops what the inbox knows, what is about deleted tasks, and repeats within the batch; notes the others in the inbox. */
  private async unhandled(deliveries: Delivery[], unit: UnitOfWork): Promise<Delivery[]> {
    const ids = [...new Set(deliveries.map(({ envelope }) => envelope.id))];
    const taskIds = [...new Set(deliveries.map(({ message }) => message.taskId))];
    const sql = `select id from inbox where id in (?) union all select task_id from deleted_task where task_id in (?)`;
    const rows = await unit.em
      .getConnection()
      .execute<{ id: string }[]>(sql, [ids, taskIds], 'all', unit.em.getTransactionContext());
    const known = new Set(rows.map(({ id }) => id));
    for (const { message } of deliveries) if (message instanceof TaskDeleted) known.add(message.taskId);
    const seen = new Set<string>();
    return deliveries.filter(({ envelope: { id }, message, record }) => {
      const isOfDeleted = known.has(message.taskId) && !(message instanceof TaskDeleted);
      if (isOfDeleted || seen.has(id)) return false;
      seen.add(id);
      if (known.has(id)) return isForced(record);
      unit.insert(InboxRow.handled(id));
      return true;
    });
  }

  private async call({ handler, message, envelope }: Delivery, unit: UnitOfWork): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new HandlerTimeout(envelope.type)), HANDLER_TIMEOUT_MS);
    });
    try {
      await Promise.race([settle(handler(message, new MessageContext(envelope, unit, this.outbox))), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Nest answers with a promise of an observable; its error is the handler's. */
async function settle(result: unknown): Promise<void> {
  const value = await result;
  if (isObservable(value)) await lastValueFrom(value, { defaultValue: undefined });
}
