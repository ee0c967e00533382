import type { CalledBack } from '@castad/contracts';
import { Journal, Outbox } from '@castad/messaging';
import { Database, Metrics, toError, Unavailable } from '@castad/platform';
import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { isCallingProvider, readCallback, type Callback } from './callback.ts';

/** Senders wait 15 s for an answer; the database must have its turn within them. */
const BROKER_MS = 3_000;

/** A broker that owes so many answers is away: nothing more is kept in memory for it. */
const MAX_UNDER_WAY = 500;

/** Makes what providers call back durable. None of it is believed: the service it is for asks the provider. */
@Injectable()
export class CallbackIntake {
  private readonly logger = new Logger(CallbackIntake.name);
  private readonly taken;
  private underWay = 0;

  constructor(
    private readonly journal: Journal,
    private readonly database: Database,
    private readonly outbox: Outbox,
    metrics: Metrics,
  ) {
    this.taken = metrics.counter('castad_callbacks_total', 'Callbacks of providers', ['provider', 'result']);
  }

  /**
   * Resolves when the callback is durable, or when it is none.
   * @param path what comes after `/callbacks/`, split
   * @throws Unavailable while neither broker nor database takes it
   */
  async take(path: string[], body: Buffer): Promise<void> {
    const provider = isCallingProvider(path[0]) ? path[0] : 'unknown';
    const callback = readCallback(path, body);
    if (!callback) {
      this.taken.inc({ provider, result: 'unreadable' });
      this.logger.debug({ provider, bytes: body.length }, 'a callback that names no job');
      return;
    }
    await this.keep(callback).catch((error: unknown) => {
      this.taken.inc({ provider, result: 'refused' });
      throw new Unavailable('CALLBACK_NOT_KEPT', 'The callback cannot be kept now. Send it again.', toError(error));
    });
    this.taken.inc({ provider, result: 'received' });
  }

  /** To the broker; in the outbox while that does not answer. Whatever comes by both ways has one id. */
  private async keep({ id, message }: Callback): Promise<void> {
    try {
      await this.journalled(message, id);
    } catch (error) {
      this.logger.warn({ taskId: message.taskId, error: toError(error).message }, 'a callback goes through the outbox');
      this.outbox.assertRoom();
      await this.database.transaction('requests', async unit => this.outbox.add(unit, message, undefined, id));
    }
  }

  private async journalled(message: CalledBack, id: string): Promise<void> {
    if (this.underWay >= MAX_UNDER_WAY) throw new Error('the broker owes too many answers');
    this.underWay += 1;
    const written = this.journal.write(message, undefined, id).finally(() => (this.underWay -= 1));
    const late = delay(BROKER_MS, undefined, { ref: false }).then(() => {
      throw new Error('the broker does not answer');
    });
    await Promise.race([written, late]);
  }
}
