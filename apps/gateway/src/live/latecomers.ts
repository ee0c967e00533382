import { Database, Lifecycle, toError } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { TaskEvent } from '../projection/task-event.entity.ts';
import { PAGE, place } from './feed.ts';

const EVERY_MS = 5_000;

/**
 * Places the events that processes of a version without feed write while both run side by side. Once no such process
 * is left, this goes and the column becomes not null.
 */
@Injectable()
export class Latecomers implements OnApplicationBootstrap {
  private readonly logger = new Logger(Latecomers.name);
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    lifecycle: Lifecycle,
  ) {
    lifecycle.onDrain('workers', async () => clearInterval(this.timer));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.placeAll(), EVERY_MS);
  }

  private async placeAll(): Promise<void> {
    await this.database
      .transaction('background', async unit => {
        const lockMode = LockMode.PESSIMISTIC_PARTIAL_WRITE;
        const events = await unit.em.find(
          TaskEvent,
          { position: null },
          { orderBy: { time: 'asc', eventId: 'asc' }, limit: PAGE, lockMode },
        );
        if (events.length > 0) await place(unit, events);
      })
      .catch((error: unknown) => this.logger.warn({ error: toError(error).message }, 'events wait for their places'));
  }
}
