import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { filmBody, order } from './client.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

/** The lease is as long: either can be what recovery waits for. */
const SESSION_MS = 6_000;
const ENV = {
  KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS),
  WORKER_LEASE_MS: String(SESSION_MS),
  HTTP_TIMEOUT_MS: '5000',
};

const VICTIMS = ['gateway', 'lyric-service', 'song-service', 'video-service', 'storage-service'];
const PER_SECOND = 20;
const BEFORE_MS = 2_000;
const AFTER_MS = 2_000;
const GIVEN_UP_MS = 60_000;
const WARM_UP = 40;

/** B7: from a kill -9 under load to the moment when all films ordered by then are done, in session time-outs. */
export async function b7(): Promise<Figure> {
  const stage = await openStage(undefined, { env: ENV });
  const watcher = await Watcher.start(stage.sandbox.env.KAFKA_BROKERS as string);
  const counts = { films: 0, lost: 0 };
  try {
    await Promise.all((await orders(stage, WARM_UP)).map(taskId => watcher.completed(taskId)));
    const ratios: number[] = [];
    for (const victim of VICTIMS) ratios.push((await recovery(stage, watcher, victim, counts)) / SESSION_MS);
    const taken = await Promise.all([jobs(stage, 'SUNO'), jobs(stage, 'CREATOMATE')]);
    const paidTwice = taken.reduce((sum, jobs) => sum + jobs - WARM_UP - counts.films, 0);
    const details = { ...counts, paidTwice, victims: VICTIMS, sessionMs: SESSION_MS, leaseMs: SESSION_MS };
    return figure(ratios, { unit: 'recovery / session time-out', goal: 1.5, stretch: 1.5, details });
  } finally {
    await watcher.stop();
    await stage.close();
  }
}

async function recovery({ system }: Stage, watcher: Watcher, victim: string, counts: { films: number; lost: number }) {
  const taskIds: string[] = [];
  const orderOne = async () => void taskIds.push(await patiently(system.gatewayUrl));
  const load = async (ms: number) => {
    const sent: Promise<void>[] = [];
    for (const until = performance.now() + ms; performance.now() < until; await delay(1000 / PER_SECOND))
      sent.push(orderOne());
    return sent;
  };
  const sent = await load(BEFORE_MS);
  const killed = performance.now();
  await system.kill(victim, 'SIGKILL');
  sent.push(...(await load(AFTER_MS)));
  await Promise.all(sent);
  const late = delay(GIVEN_UP_MS, Infinity, { ref: false });
  const ends = await Promise.all(taskIds.map(taskId => Promise.race([watcher.completed(taskId), late])));
  counts.films += ends.length;
  counts.lost += ends.filter(end => end === Infinity).length;
  await system.waitReady();
  return Math.max(...ends.filter(Number.isFinite)) - killed;
}

/** Whoever finds nobody asks again, with the same key. */
async function patiently(gatewayUrl: string): Promise<string> {
  const key = randomUUID();
  for (;;) {
    try {
      return await order(gatewayUrl, filmBody, key);
    } catch {
      await delay(100);
    }
  }
}

async function orders({ system }: Stage, films: number): Promise<string[]> {
  return Promise.all(Array.from({ length: films }, () => order(system.gatewayUrl)));
}

/** Orders a provider took. */
async function jobs({ sandbox }: Stage, provider: 'SUNO' | 'CREATOMATE'): Promise<number> {
  const answer = await fetch(`${sandbox.env[`${provider}_BASE_URL`]}/__sim/jobs?count=true`);
  return ((await answer.json()) as { count: number }).count;
}
