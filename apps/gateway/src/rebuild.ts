import 'reflect-metadata';
import { KafkaClient } from '@castad/messaging';
import { AppError, Database, loadConfig, ServiceConfig, toError } from '@castad/platform';
import { Order } from './order/order.entity.ts';
import { readHistory } from './projection/history.ts';
import { Rebuilding } from './projection/rebuilding.ts';
import { Stage } from './projection/stage.entity.ts';
import { TaskEvent } from './projection/task-event.entity.ts';

/** Makes what clients see again, from all events there are; the gateway goes on answering. Safe to run again. */
try {
  const config = loadConfig(ServiceConfig);
  const database = new Database(config, [Order, Stage, TaskEvent]);
  const { kafka } = new KafkaClient(config, 'gateway');
  const began = performance.now();
  try {
    const rebuilding = new Rebuilding(database);
    const events = await readHistory(kafka, part => rebuilding.fold(part));
    await rebuilding.foldOrders();
    const seconds = (performance.now() - began) / 1000;
    console.log(`rebuilt from ${events} events in ${seconds.toFixed(1)} s (${Math.round(events / seconds)} a second)`);
  } finally {
    await database.onApplicationShutdown();
  }
} catch (error) {
  const { message, stack } = toError(error);
  console.error(error instanceof AppError ? `cannot rebuild: ${message}` : `cannot rebuild: ${stack}`);
  process.exitCode = 1;
}
