import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from '@castad/kafkajs';
import type mysql from 'mysql2/promise';
import { envelope } from './envelope.ts';
import { openStage } from './stage.ts';
import { figure, median, type Figure } from './stats.ts';

const ROUNDS = 5;
const ROWS = 100_000;
const BATCH = 500;
const TOPIC = 'castad.lyric.commands';

const headers = envelope('Unhandled.v1', randomUUID());
const value = JSON.stringify({ filler: 'x'.repeat(600) });

/** B9: how fast a service's relay drains 100,000 outbox rows, beside batches of the same records sent raw. */
export async function b9(): Promise<Record<string, Figure>> {
  const stage = await openStage(['gateway']);
  const kafka = new Kafka({
    clientId: 'bench',
    brokers: [stage.sandbox.env.KAFKA_BROKERS as string],
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer({ maxInFlightRequests: 1, allowAutoTopicCreation: false });
  await producer.connect();
  try {
    const ours: number[] = [];
    const raw: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await stage.system.stopService('gateway');
      await fill(stage.database);
      await stage.system.startService('gateway');
      ours.push(await drained(stage.database));
      const began = performance.now();
      for (let sent = 0; sent < ROWS; sent += BATCH) {
        const messages = Array.from({ length: BATCH }, () => ({ key: randomUUID(), value, headers }));
        await producer.sendBatch({ acks: -1, topicMessages: [{ topic: TOPIC, messages }] });
      }
      raw.push((ROWS * 1000) / (performance.now() - began));
    }
    const details = { rows: ROWS, rawPerSecond: median(raw) };
    return {
      B9: figure(ours, { unit: 'rows/s', goal: 10_000, stretch: 10_000, details }),
      'B9.ratio': figure(
        ours.map((rate, i) => rate / (raw[i] as number)),
        { unit: 'rows/s / raw records/s', goal: 0.15, stretch: 0.15 },
      ),
    };
  } finally {
    await producer.disconnect();
    await stage.close();
  }
}

async function fill(database: mysql.Connection): Promise<void> {
  for (let made = 0; made < ROWS; made += 1_000) {
    const rows = Array.from({ length: 1_000 }, () => [TOPIC, randomUUID(), JSON.stringify(headers), value]);
    await database.query('insert into castad_gateway.outbox (topic, `key`, headers, value) values ?', [rows]);
  }
}

/** Rows per second, from when the drain is seen to have begun to when nothing is left. */
async function drained(database: mysql.Connection): Promise<number> {
  const left = async () => {
    const [[row]] = await database.query<mysql.RowDataPacket[]>(
      'select min(seq) first, max(seq) last from castad_gateway.outbox',
    );
    return row?.last == null ? 0 : Number(row.last) - Number(row.first) + 1;
  };
  let [began, rows] = [performance.now(), await left()];
  for (let now = rows; now > 0; now = await left()) {
    if (now === ROWS) [began, rows] = [performance.now(), now];
    await delay(5);
  }
  return (rows * 1000) / (performance.now() - began);
}
