import mysql from 'mysql2/promise';
import { orderFor } from './client.ts';
import { inRounds, type Turn } from './rounds.ts';
import { openStage } from './stage.ts';
import { figure, median, type Figure } from './stats.ts';

const ROUNDS = 5;
const ROUND_MS = 4_000;
const CONNECTIONS = 16;

/** B1: accepted orders per second, as a part of raw transactions of two inserts, at equal connections. */
export async function b1({ rounds, dist }: Turn = { rounds: ROUNDS }): Promise<Record<string, Figure>> {
  const stage = await openStage(['gateway'], { dist });
  try {
    const { database, sandbox, system } = stage;
    await database.query('create database bench');
    await database.query('create table bench.a (id bigint auto_increment primary key, v varchar(500))');
    await database.query('create table bench.b (id bigint auto_increment primary key, v varchar(500))');
    await orderFor(system.gatewayUrl, CONNECTIONS, ROUND_MS);
    const measured = await inRounds(rounds, async () => ({
      ours: await orderFor(system.gatewayUrl, CONNECTIONS, ROUND_MS),
      raw: await transactionsFor(sandbox.env.MYSQL_URL as string, CONNECTIONS, ROUND_MS),
    }));
    const details = {
      connections: CONNECTIONS,
      acceptedPerSecond: median(measured.map(({ ours }) => ours)),
      rawPerSecond: median(measured.map(({ raw }) => raw)),
    };
    const ratios = measured.map(({ ours, raw }) => ours / raw);
    return {
      B1: figure(ratios, { unit: 'accepted POST/s / raw transactions/s', goal: 0.25, stretch: 0.4, details }),
    };
  } finally {
    await stage.close();
  }
}

async function transactionsFor(url: string, connections: number, ms: number): Promise<number> {
  const value = 'x'.repeat(300);
  const began = performance.now();
  let done = 0;
  const loop = async () => {
    const connection = await mysql.createConnection(url);
    for (; performance.now() - began < ms; done++) {
      await connection.query('begin');
      await connection.query('insert into bench.a (v) values (?)', [value]);
      await connection.query('insert into bench.b (v) values (?)', [value]);
      await connection.query('commit');
    }
    await connection.end();
  };
  await Promise.all(Array.from({ length: connections }, loop));
  return (done * 1000) / (performance.now() - began);
}
