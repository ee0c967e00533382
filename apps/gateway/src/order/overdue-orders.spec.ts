import type { Outbox } from '@castad/messaging';
import { type Database, Lifecycle } from '@castad/platform';
import { eventually } from '@castad/testing';
import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { GatewayConfig } from '../gateway.config.ts';
import { OverdueOrders } from './overdue-orders.ts';

Logger.overrideLogger(false);

it('looks for orders and begins no transaction while none is overdue, and goes on after a failure', async () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const read = jest.fn(async (_: unknown, work: (em: unknown) => Promise<unknown>) =>
    work({ getConnection: () => ({ execute }) }),
  );
  const execute = jest.fn(async (_sql: string, _values: unknown[]): Promise<object[]> => []);
  const transaction = jest.fn();
  const config = Object.assign(new GatewayConfig(), { WORKER_POLL_MS: 10 });
  const lifecycle = new Lifecycle(config);
  const database = { now: async () => now, read, transaction } as unknown as Database;
  execute.mockRejectedValueOnce(new Error('the database is away'));

  new OverdueOrders(database, {} as Outbox, config, lifecycle).onApplicationBootstrap();
  await eventually(async () => expect(execute.mock.calls.length).toBeGreaterThan(3));
  await lifecycle.beforeApplicationShutdown();

  expect(execute.mock.calls.every(([, values]) => values[0] === now)).toBe(true);
  expect(transaction).not.toHaveBeenCalled();
});
