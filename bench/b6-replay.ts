import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from '@castad/kafkajs';
import mysql from 'mysql2/promise';
import { root } from '../sandbox/sandbox.ts';
import { envelope } from './envelope.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, median, type Figure } from './stats.ts';

const ROUNDS = 5;
const FILMS = 28_600;
const BATCH = 500;

/** What the gateway folds of one film, and two notes that it only reads over. */
const FOLDED = [
  'LyricGenerated',
  'SongSubmitted',
  'SongReady',
  'AssetStored',
  'RenderSubmitted',
  'RenderSucceeded',
  'AssetStored',
];
const NOTES = ['SongSubmitBegun', 'RenderSubmitBegun'];
const TOPICS: Record<string, string> = { Lyric: 'lyric', Song: 'song', Render: 'video', Asset: 'storage' };
const EVENTS = FILMS * FOLDED.length;

/** B6: events folded per second by `rebuild gateway` from its start to its end, beside the same rows upserted raw. */
export async function b6(): Promise<Record<string, Figure>> {
  const stage = await openStage(['gateway']);
  try {
    await stage.system.stopService('gateway');
    const taskIds = Array.from({ length: FILMS }, () => randomUUID());
    await sendEvents(stage, taskIds);
    await acceptOrders(stage.database, taskIds);
    const ours: number[] = [];
    const raw: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await stage.database.query('truncate table castad_gateway.stage_attempt');
      await stage.database.query('truncate table castad_gateway.task_event');
      ours.push(await rebuilt(stage));
      raw.push(await upserted(stage));
    }
    const details = { events: EVENTS, rawPerSecond: median(raw), note: '200,200 events a round, not 1 M' };
    return {
      B6: figure(ours, { unit: 'events/s', goal: 10_000, stretch: 20_000, details }),
      'B6.ratio': figure(
        ours.map((rate, i) => rate / (raw[i] as number)),
        { unit: 'events/s / raw upserted events/s', goal: 0.5, stretch: 0.5 },
      ),
    };
  } finally {
    await stage.close();
  }
}

async function sendEvents({ sandbox }: Stage, taskIds: string[]): Promise<void> {
  const brokers = [sandbox.env.KAFKA_BROKERS as string];
  const producer = new Kafka({ clientId: 'bench', brokers, logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  for (let start = 0; start < taskIds.length; start += BATCH) {
    const records = taskIds.slice(start, start + BATCH).flatMap(taskId => filmOf(taskId));
    const byTopic = Map.groupBy(records, ({ topic }) => topic);
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
    await producer.sendBatch({ acks: -1, topicMessages });
  }
  await producer.disconnect();
}

const sampleOf = (type: string) =>
  JSON.parse(readFileSync(join(root, 'libs/contracts/src/samples', `${type}.v1.json`), 'utf8')) as object;
const samples = new Map([...FOLDED, ...NOTES].map(type => [type, sampleOf(type)]));

function filmOf(taskId: string) {
  return [...FOLDED, ...NOTES].map((type, i) => {
    const kind = type === 'AssetStored' && { kind: i < 4 ? 'song' : 'video' };
    return {
      topic: `castad.${TOPICS[/^[A-Z][a-z]+/.exec(type)?.[0] ?? '']}.events`,
      key: taskId,
      value: JSON.stringify({ ...samples.get(type), ...kind, taskId, revision: 1 }),
      headers: envelope(`${type}.v1`, taskId),
    };
  });
}

async function acceptOrders(database: mysql.Connection, taskIds: string[]): Promise<void> {
  const plan = JSON.stringify((sampleOf('GenerateLyric') as { plan: object }).plan);
  const now = new Date();
  for (let start = 0; start < taskIds.length; start += BATCH) {
    const rows = taskIds
      .slice(start, start + BATCH)
      .map(taskId => [taskId, 1, plan, 'lyric', 'video', 'video', 'done', 0, 0, now, randomUUID(), 'none', now]);
    await database.query(
      `insert into castad_gateway.task_order (task_id, revision, plan, first_stage, last_stage, current_stage, status,
         attempt, tries, deadline, cause_id, traceparent, created_at) values ?`,
      [rows],
    );
  }
}

async function rebuilt({ sandbox }: Stage): Promise<number> {
  const env = {
    ...process.env,
    KAFKA_BROKERS: sandbox.env.KAFKA_BROKERS,
    MYSQL_URL: sandbox.databaseUrl('gateway'),
    NODE_ENV: 'production',
  };
  const began = performance.now();
  await promisify(execFile)(process.execPath, [join(root, 'dist/apps/gateway/rebuild.js')], { env });
  return (EVENTS * 1000) / (performance.now() - began);
}

/** The rows that were just made, once more, in statements and transactions of the same size. */
async function upserted({ sandbox, database }: Stage): Promise<number> {
  const connection = await mysql.createConnection({ uri: sandbox.env.MYSQL_URL, jsonStrings: true });
  await database.query('create database if not exists bench');
  const tables: { name: string; columns: string[]; rows: unknown[][] }[] = [];
  for (const name of ['task_event', 'stage_attempt']) {
    await database.query(`drop table if exists bench.${name}`);
    await database.query(`create table bench.${name} like castad_gateway.${name}`);
    // In the order of partitions, which is none.
    const [rows, fields] = await connection.query<mysql.RowDataPacket[][]>({
      sql: `select * from castad_gateway.${name} order by md5(task_id)`,
      rowsAsArray: true,
    });
    tables.push({ name, columns: fields.map(field => field.name), rows });
  }
  const began = performance.now();
  const parts = Math.ceil(FILMS / 250);
  for (let part = 0; part < parts; part++) {
    await connection.beginTransaction();
    for (const { name, columns, rows } of tables) {
      const size = Math.ceil(rows.length / parts);
      const ofPart = rows.slice(part * size, (part + 1) * size);
      const updates = columns.map(column => `\`${column}\` = values(\`${column}\`)`).join(', ');
      for (let start = 0; start < ofPart.length; start += BATCH)
        await connection.query(
          `insert into bench.${name} (\`${columns.join('`, `')}\`) values ? on duplicate key update ${updates}`,
          [ofPart.slice(start, start + BATCH)],
        );
    }
    await connection.commit();
  }
  const seconds = (performance.now() - began) / 1000;
  await connection.end();
  return EVENTS / seconds;
}
