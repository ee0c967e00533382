import { setTimeout as delay } from 'node:timers/promises';
import { lyricBody, order } from './client.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

const ROUNDS = 3;
/** So many calls at once in one process, each so long: the provider is what a process waits for. */
const CONCURRENCY = 8;
const CALL_MS = 500;
const ROUND_MS = 10_000;
const PER_PROCESS = (CONCURRENCY * ROUND_MS) / CALL_MS;
const SERVICE = 'lyric-service';

/** B8: what a second process adds while a provider is the limit, and how long all stands still when it joins. */
export async function b8(): Promise<Record<string, Figure>> {
  const stage = await openStage(['gateway', SERVICE], {
    instances: { [SERVICE]: 2 },
    appEnv: { [SERVICE]: { LYRIC_CONCURRENCY: String(CONCURRENCY) } },
  });
  const watcher = await Watcher.start(stage.sandbox.env.KAFKA_BROKERS as string);
  try {
    await slow(stage);
    const ratios: number[] = [];
    const pauses: number[] = [];
    const rates: { one: number; two: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await stage.system.stopService(SERVICE, 2);
      const one = rate(await ends(stage, watcher, PER_PROCESS));
      pauses.push(longestPause(await ends(stage, watcher, 2 * PER_PROCESS, () => join(stage))));
      const two = rate(await ends(stage, watcher, 2 * PER_PROCESS));
      ratios.push(two / one);
      rates.push({ one, two });
    }
    const details = { concurrency: CONCURRENCY, callMs: CALL_MS, lyricsPerSecond: rates };
    return {
      B8: figure(ratios, { unit: 'throughput of two / of one', goal: 1.8, stretch: 1.8, details }),
      'B8.pause': figure(pauses, { unit: 's', goal: 5, stretch: 5 }),
    };
  } finally {
    await watcher.stop();
    await stage.close();
  }
}

async function slow({ sandbox }: Stage) {
  const fault = { endpoint: 'POST /v1/chat/completions', kind: 'delay', ms: CALL_MS };
  const answer = await fetch(`${(sandbox.env.OPENAI_BASE_URL as string).replace(/\/v1$/, '')}/__sim/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  if (!answer.ok) throw new Error(`the model was not slowed down: ${await answer.text()}`);
}

/** When each of so many lyrics was done, all ordered at once. */
async function ends({ system }: Stage, watcher: Watcher, lyrics: number, meanwhile?: () => Promise<void>) {
  const ordered = Array.from({ length: lyrics }, () => order(system.gatewayUrl, lyricBody));
  const joined = meanwhile?.();
  const times = await Promise.all(ordered.map(async taskId => watcher.completed(await taskId)));
  await joined;
  return times.toSorted((a, b) => a - b);
}

async function join({ system }: Stage) {
  await delay(ROUND_MS / 5);
  await system.startService(SERVICE, 2);
}

/** Per second, between the first and the last. */
const rate = (times: number[]) => ((times.length - 1) * 1000) / ((times.at(-1) ?? 0) - (times[0] ?? 0));

const longestPause = (times: number[]) => Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? 0))) / 1000;
