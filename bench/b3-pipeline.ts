import type mysql from 'mysql2/promise';
import { makeFilms } from './films.ts';
import { inRounds, type Turn } from './rounds.ts';
import { openStage, type Stage } from './stage.ts';
import { figure, rounded, type Figure } from './stats.ts';
import { Watcher } from './watcher.ts';

const ROUNDS = 5;
const FILMS = 1_500;
const WARM_UP = 500;

interface Round {
  filmsPerSecond: number;
  commitsPerFilm: number;
  cpuMsPerFilm: Record<string, number>;
}

/** B3: films per second through the whole pipeline on this machine, driver and stand-ins included. */
export async function b3({ rounds: count, dist }: Turn = { rounds: ROUNDS }): Promise<Record<string, Figure>> {
  const stage = await openStage(undefined, { dist });
  const watcher = await Watcher.start(stage.sandbox.env.KAFKA_BROKERS as string);
  try {
    await makeFilms(stage, watcher, WARM_UP);
    const rounds = await inRounds(count, () => measure(stage, watcher));
    const cpu = (round: Round) => Object.values(round.cpuMsPerFilm).reduce((sum, ms) => sum + ms, 0);
    const details = { films: FILMS, cpuMsPerFilm: rounds[Math.floor(count / 2)]?.cpuMsPerFilm };
    return {
      B3: figure(
        rounds.map(({ filmsPerSecond }) => filmsPerSecond),
        { unit: 'films/s', goal: 150, stretch: 430, details },
      ),
      'B3.commits': figure(
        rounds.map(({ commitsPerFilm }) => commitsPerFilm),
        { unit: 'commits/film', goal: 8, stretch: 4 },
      ),
      'B3.cpu': figure(rounds.map(cpu), { unit: 'CPU ms/film', goal: 9, stretch: 4 }),
    };
  } finally {
    await watcher.stop();
    await stage.close();
  }
}

async function measure(stage: Stage, watcher: Watcher): Promise<Round> {
  const [cpuBefore, commitsBefore] = [stage.cpu(), await commits(stage.database)];
  const seconds = await makeFilms(stage, watcher, FILMS);
  const [cpuAfter, commitsAfter] = [stage.cpu(), await commits(stage.database)];
  const cpuMsPerFilm = Object.fromEntries(
    Object.entries(cpuAfter).map(([name, ms]) => [name, rounded((ms - (cpuBefore[name] ?? 0)) / FILMS)]),
  );
  return { filmsPerSecond: FILMS / seconds, commitsPerFilm: (commitsAfter - commitsBefore) / FILMS, cpuMsPerFilm };
}

/** Transactions committed, and the relay's deletes, which commit by themselves. */
async function commits(database: mysql.Connection): Promise<number> {
  const [rows] = await database.query<mysql.RowDataPacket[]>(
    "show global status where Variable_name in ('Com_commit', 'Com_delete')",
  );
  return rows.reduce((sum, row) => sum + Number(row.Value), 0);
}
