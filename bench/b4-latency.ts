import { services } from '../sandbox/databases.ts';
import { filmByFilm } from './films.ts';
import { inRounds, type Turn } from './rounds.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, percentile, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

const ROUNDS = 5;
const FILMS = 60;
const WARM_UP = 40;

/**
 * B4: from the order to the announced film, one film at a time, with providers that answer and call back at once; with
 * one process of each service, and what two of each add. A turn of a comparison leaves out the second ones.
 */
export async function b4(turn?: Turn): Promise<Record<string, Figure>> {
  const instances = Object.fromEntries(services.map(service => [service, turn ? 1 : 2]));
  const stage = await openStage(undefined, { instances, dist: turn?.dist });
  const watcher = await Watcher.start(stage.sandbox.env.KAFKA_BROKERS as string);
  const measure = async () => {
    await filmByFilm(stage, watcher, WARM_UP);
    return filmByFilm(stage, watcher, FILMS);
  };
  try {
    await filmByFilm(stage, watcher, WARM_UP);
    const rounds = await inRounds(turn?.rounds ?? ROUNDS, async () => {
      if (turn) return { one: await measure() };
      await ofSecond(stage, 'stopService');
      const one = await measure();
      await ofSecond(stage, 'startService');
      return { one, two: await measure() };
    });
    return {
      'B4.p50': figure(
        rounds.map(({ one }) => percentile(one, 50)),
        { unit: 'ms', goal: 80, stretch: 40 },
      ),
      'B4.p99': figure(
        rounds.map(({ one }) => percentile(one, 99)),
        { unit: 'ms', goal: 250, stretch: 120 },
      ),
      ...(!turn && {
        'B4.two': figure(
          rounds.map(({ one, two = [] }) => percentile(two, 50) / percentile(one, 50)),
          { unit: 'p50 with two of each / with one', goal: 1.2, stretch: 1.05 },
        ),
      }),
    };
  } finally {
    await watcher.stop();
    await stage.close();
  }
}

async function ofSecond({ system }: Stage, what: 'stopService' | 'startService') {
  await Promise.all(services.map(service => system[what](service, 2)));
}
