import { order } from './client.ts';
import { openStage } from './stage.ts';
import { figure, percentile, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

const ROUNDS = 5;
const FILMS = 60;
const WARM_UP = 40;

/** B4: from the order to the announced film, one film at a time, with providers that answer and call back at once. */
export async function b4(): Promise<Record<string, Figure>> {
  const stage = await openStage();
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
    const rounds: number[][] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await times(FILMS));
    return {
      'B4.p50': figure(
        rounds.map(round => percentile(round, 50)),
        { unit: 'ms', goal: 80, stretch: 40 },
      ),
      'B4.p99': figure(
        rounds.map(round => percentile(round, 99)),
        { unit: 'ms', goal: 250, stretch: 120 },
      ),
    };
  } finally {
    await watcher.stop();
    await stage.close();
  }
}
