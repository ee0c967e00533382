import { setTimeout as delay } from 'node:timers/promises';
import { services } from '../sandbox/databases.ts';
import { makeFilms } from './films.ts';
import { inRounds } from './rounds.ts';
import { openStage } from './stage.ts';
import { figure, median, rounded, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

const ROUNDS = 5;
const FILMS = 500;
const REST_MS = 60_000;
const ROUND_MS = 30_000;

type PerService = Record<string, number>;

/** B10: CPU and memory of services that have nothing to do, a minute after some films; of the one that needs most. */
export async function b10(): Promise<Record<string, Figure>> {
  const stage = await openStage();
  try {
    const watcher = await Watcher.start(stage.sandbox.env.KAFKA_BROKERS as string);
    await makeFilms(stage, watcher, FILMS);
    await watcher.stop();
    console.log(`  ${FILMS} films are made; resting for ${REST_MS / 1000} s`);
    await delay(REST_MS);
    const rounds = await inRounds(ROUNDS, async () => {
      const [before, began] = [stage.cpu(), performance.now()];
      await delay(ROUND_MS);
      const [after, ms] = [stage.cpu(), performance.now() - began];
      return {
        cpu: perService(name => ((after[name]! - before[name]!) * 100) / ms),
        rss: perService(ofAll(stage.rss())),
      };
    });
    return {
      'B10.cpu': highest(
        rounds.map(({ cpu }) => cpu),
        { unit: '% of a core', goal: 0.7, stretch: 0.3 },
      ),
      'B10.rss': highest(
        rounds.map(({ rss }) => rss),
        { unit: 'MiB', goal: 150, stretch: 110 },
      ),
    };
  } finally {
    await stage.close();
  }
}

const perService = (valueOf: (name: string) => number): PerService =>
  Object.fromEntries(services.map(name => [name, valueOf(name)]));

const ofAll = (values: Record<string, number>) => (name: string) => values[name] as number;

function highest(rounds: PerService[], wanted: Pick<Figure, 'unit' | 'goal' | 'stretch'>): Figure {
  const medians = perService(name => rounded(median(rounds.map(round => round[name] as number))));
  return figure(
    rounds.map(round => Math.max(...Object.values(round))),
    { ...wanted, details: { medians } },
  );
}
