import { CancelTask, message } from '@castad/contracts';
import { Outbox } from '@castad/messaging';
import { Database, explain, Lifecycle, Pacemaker } from '@castad/platform';
import { LockMode } from '@mikro-orm/core';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayConfig } from '../gateway.config.ts';
import { outlinesOf } from '../projection/outline.ts';
import { changed } from '../project/etag.ts';
import { Order } from './order.entity.ts';

const BATCH = 100;
const MAX_FAILURE_PAUSE_MS = 5_000;

/** Ends the orders whose time is over, so that every film ends even if a service stays away. */
@Injectable()
export class OverdueOrders implements OnApplicationBootstrap {
  private readonly logger = new Logger(OverdueOrders.name);
  private readonly pace: Pacemaker;
  private stopping = false;
  private ended?: Promise<void>;

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    config: GatewayConfig,
    lifecycle: Lifecycle,
  ) {
    this.pace = new Pacemaker(config.WORKER_POLL_MS);
    lifecycle.onDrain('workers', () => this.stop());
  }

  onApplicationBootstrap(): void {
    this.ended = this.run();
  }

  private async stop(): Promise<void> {
    this.stopping = true;
    this.pace.wake();
    await this.ended;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        while (!this.stopping && (await this.isAny()) && (await this.endBatch()));
        failures = 0;
      } catch (error) {
        this.logger.warn({ error: explain(error), failures: ++failures }, 'overdue orders wait');
      }
      await this.pace.rest(failures > 0 ? Math.min(100 * 2 ** failures, MAX_FAILURE_PAUSE_MS) : undefined);
    }
  }

  /** A look without locks: while nothing is overdue, nothing is written. */
  private async isAny(): Promise<boolean> {
    const now = await this.database.now();
    const sql = 'select 1 from task_order where due_at <= ? limit 1';
    const rows = await this.database.read('background', em => em.getConnection().execute<object[]>(sql, [now]));
    return rows.length > 0;
  }

  /** Orders that somebody else has locked are left to them. Says whether any order was ended. */
  private endBatch(): Promise<boolean> {
    return this.database.transaction('background', async unit => {
      const { em, now } = unit;
      const lockMode = LockMode.PESSIMISTIC_PARTIAL_WRITE;
      const orders = await em.find(
        Order,
        { dueAt: { $lte: now } },
        { orderBy: { dueAt: 'asc' }, limit: BATCH, lockMode },
      );
      if (orders.length === 0) return false;
      const taskIds = orders.map(({ taskId }) => taskId);
      const stages = await outlinesOf(em, taskIds, orders);
      for (const order of orders) {
        const { taskId, revision } = order;
        const waiting = stages.find(taskId, order.stage, revision).map(stage => stage?.waitsFor());
        this.outbox.add(unit, order.overdue(now, waiting.find(Boolean)), order.cause());
        // Whoever still works on it spends nothing more.
        this.outbox.add(unit, message(CancelTask, { taskId, revision }), order.cause());
      }
      await changed(
        unit,
        orders.map(({ taskId }) => taskId),
      );
      return true;
    });
  }
}
