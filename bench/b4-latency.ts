import { services } from '../sandbox/databases.ts';
import { order } from './client.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, percentile, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

const ROUNDS = 5;
const FILMS = 60;
const WARM_UP = 40;

/**
 * B4: from the order to the announced film, one film at a time, with providers that answer and call back at once; with
 * one process of each service, and what two of each add.
 */
export async function b4(): Promise<Record<string, Figure>> {
  const instances = Object.fromEntries(services.map(service => [service, 2]));
  const stage = await openStage(undefined, { instances });
  const watcher = await Watcher.start(stage.sandbox.env.KAFKA_BROKERS as string);
  const times = async (films: number): Promise<number[]> => {
    const all: number[] = [];
    for (let i = 0; i < films; i++) {
      const began = performance.now();
      all.push((await watcher.completed(await order(stage.system.gatewayUrl))) - began);
    }
    return all;
  };
  try {
    await times(WARM_UP);
    const rounds: { one: number[]; two: number[] }[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      await ofSecond(stage, 'stopService');
      await times(WARM_UP);
      const one = await times(FILMS);
      await ofSecond(stage, 'startService');
      await times(WARM_UP);
      rounds.push({ one, two: await times(FILMS) });
    }
    return {
      'B4.p50': figure(
        rounds.map(({ one }) => percentile(one, 50)),
        { unit: 'ms', goal: 80, stretch: 40 },
      ),
      'B4.p99': figure(
        rounds.map(({ one }) => percentile(one, 99)),
        { unit: 'ms', goal: 250, stretch: 120 },
      ),
      'B4.two': figure(
        rounds.map(({ one, two }) => percentile(two, 50) / percentile(one, 50)),
        { unit: 'p50 with two of each / with one', goal: 1.2, stretch: 1.05 },
      ),
    };
  } finally {
    await watcher.stop();
    await stage.close();
  }
}

async function ofSecond({ system }: Stage, what: 'stopService' | 'startService') {
  await Promise.all(services.map(service => system[what](service, 2)));
}
