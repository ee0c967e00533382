import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../sandbox/failure.ts';
import { lyricBody, order } from './client.ts';
import { Listeners } from './listeners.ts';
import { fileLimit } from './proc.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, percentile, rounded, type Figure } from './stats.ts';
import { inRounds } from './rounds.ts';

const ROUNDS = 3;
const STREAMS = 5_000;
const ENDS = 100;
const EVERY_MS = 100;
const GIVEN_UP_MS = 60_000;

/**
 * B12: 5,000 event streams of one gateway, while a film ends every 100 ms: from the event to each listener's hearing,
 * the listeners' own slowness included. It fails when a stream misses an event.
 */
export async function b12(): Promise<Record<string, Figure>> {
  const needed = STREAMS + 500;
  if (fileLimit() < needed) {
    throw new Failure(`${STREAMS} streams need ${needed} open files a process; the limit is ${fileLimit()}.`, {
      next: `run \`ulimit -n ${needed}\` before.`,
    });
  }
  const stage = await openStage(['gateway'], { appEnv: { gateway: { EVENTS_MAX_CLIENTS: String(STREAMS) } } });
  try {
    const listeners = new Listeners();
    console.log(`  opening ${STREAMS} streams`);
    await listeners.open(stage.system.gatewayUrl, STREAMS);
    const rounds = await inRounds(ROUNDS, () => measure(stage, listeners));
    listeners.close();
    const others = rounds.map(({ p50, cpuUsPerDelivery }) => ({ p50, cpuUsPerDelivery }));
    const details = { streams: STREAMS, films: ENDS, others };
    return {
      'B12.p99': figure(
        rounds.map(({ p99 }) => p99),
        { unit: 'ms', goal: 500, stretch: 200, details },
      ),
      'B12.rss': figure(
        rounds.map(({ rss }) => rss),
        { unit: 'MiB', goal: 500, stretch: 300 },
      ),
    };
  } finally {
    await stage.close();
  }
}

/** Films end by cancellation: that is one event each, and no other service's work. */
async function measure(stage: Stage, listeners: Listeners) {
  const { gatewayUrl } = stage.system;
  const taskIds: string[] = [];
  for (let i = 0; i < ENDS; i++) taskIds.push(await order(gatewayUrl, lyricBody));
  listeners.begin(new Set(taskIds));
  const before = stage.cpu();
  let most = 0;
  for (const [i, taskId] of taskIds.entries()) {
    const next = delay(EVERY_MS);
    const answer = await fetch(`${gatewayUrl}/v1/projects/${taskId}/cancel`, { method: 'POST' });
    if (!answer.ok) throw new Failure(`A film was not cancelled: ${answer.status} ${await answer.text()}`);
    await answer.body?.cancel();
    if (i % 10 === 0) most = Math.max(most, stage.rss().gateway as number);
    await next;
  }
  const delays = await listeners.end(GIVEN_UP_MS);
  const after = stage.cpu();
  const cpuUs = (name: string) => rounded((((after[name] ?? 0) - (before[name] ?? 0)) * 1000) / delays.length);
  const cpuUsPerDelivery = { gateway: cpuUs('gateway'), driver: cpuUs('driver') };
  return { p50: percentile(delays, 50), p99: percentile(delays, 99), rss: most, cpuUsPerDelivery };
}
