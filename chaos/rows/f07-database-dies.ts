import { setTimeout as pause } from 'node:timers/promises';
import { services } from '../../sandbox/databases.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const PER_SECOND = 3;
const AROUND_MS = 2_000;
const AWAY_MS = 8_000;
const LONG_AWAY_MS = 120_000;
/** A call that is answered while the database is away. */
const SLOW_MS = 5_000;
/** Of a request: the wait for a connection, the work, and some room. */
const LONGEST_ANSWER_MS = 25_000;

export const f7: Row = {
  id: 'F7',
  system: { appEnv: { gateway: { FILM_DEADLINE_MS: '300000', FILM_DEADLINE_GRACE_MS: '1000' } } },
  fault: 'the database is restarted, cut off, silent, read-only, overrun, full of deadlocks, or away at start',
  tries: [
    { name: 'killed', run: killed },
    { name: 'connections cut, again and again', isShort: true, run: cutOften },
    { name: 'away, and readiness says so', run: away },
    { name: 'silent', run: scene => troubled(scene, async () => scene.proxy('mariadb').blackHole()) },
    { name: 'away for two minutes while calls are under way', run: awayForLong },
    { name: 'read-only', run: readOnly },
    { name: 'more requests than connections', run: overrun },
    { name: 'deadlocks', run: deadlocks },
    { name: 'away when services start', run: awayAtStart },
  ],
};

/** Films are ordered while it lasts; whoever was not accepted then asks again. */
async function troubled(scene: Scene, harm: () => Promise<void>, mend = () => scene.proxy('mariadb').pass()) {
  const taskIds = await scene.underLoad(PER_SECOND, async () => {
    await pause(AROUND_MS);
    await harm();
    await pause(AWAY_MS);
    await mend();
  });
  await scene.recovers(taskIds, async () => {});
}

async function killed(scene: Scene) {
  const server = scene.part('mariadb');
  const harm = async () => void (await server.kill('SIGKILL'));
  await troubled(scene, harm, () => server.waitReady());
}

async function cutOften(scene: Scene) {
  const taskIds = await scene.underLoad(PER_SECOND, async () => {
    for (let i = 0; i < 8; i++) {
      await pause(300);
      scene.proxy('mariadb').cut();
    }
  });
  await scene.ended(taskIds);
}

async function away(scene: Scene) {
  await troubled(scene, async () => {
    scene.proxy('mariadb').refuse();
    for (const service of services) {
      scene.holds((await scene.health(service, 'ready')) === 503, `${service} is ready without its database`);
    }
  });
  await scene.system.waitReady();
}

/** Longer than a lease and than the clock runs on by itself. No process ends, and nothing is paid for twice. */
async function awayForLong(scene: Scene) {
  const films = 3;
  await scene.studio.fault('suno', {
    endpoint: 'POST /api/v1/generate',
    kind: 'delay-response',
    ms: SLOW_MS,
    times: films,
  });
  const taskIds = await scene.untilAsked('suno', 'POST /api/v1/generate', films, () => scene.someFilms(films));
  const before = scene.system.services.map(({ pid }) => pid);
  scene.proxy('mariadb').refuse();
  await pause(LONG_AWAY_MS);
  await scene.recovers(taskIds, () => scene.proxy('mariadb').pass());
  const after = scene.system.services.map(({ pid }) => pid);
  scene.holds(String(after) === String(before), 'a process ended while the database was away');
}

async function readOnly(scene: Scene) {
  await troubled(
    scene,
    async () => {
      await scene.sql('gateway', 'set global read_only = 1');
      const answer = await scene.studio.order().catch((error: Error) => error.message);
      scene.holds(answer.includes('answered 503'), `an order while the database is read-only: ${answer}`);
    },
    async () => void (await scene.sql('gateway', 'set global read_only = 0')),
  );
}

async function overrun(scene: Scene) {
  scene.proxy('mariadb').delay(500);
  const answers = await Promise.all(
    Array.from({ length: 80 }, async () => {
      const began = performance.now();
      const { status } = await scene.studio.api('/v1/projects');
      return { status, ms: performance.now() - began };
    }),
  );
  await scene.proxy('mariadb').pass();
  const other = answers.find(({ status }) => status !== 200 && status !== 503);
  const longest = Math.round(Math.max(...answers.map(({ ms }) => ms)));
  scene.holds(!other, `a request was answered ${other?.status} when connections were short`);
  scene.holds(longest < LONGEST_ANSWER_MS, `a request waited ${longest} ms when connections were short`);
  await scene.ended(await scene.someFilms(2));
}

async function deadlocks(scene: Scene) {
  const tables = [
    ['gateway', 'task_order'],
    ['song-service', 'song'],
    ['video-service', 'video'],
    ['storage-service', 'asset'],
  ] as const;
  let isOver = false;
  const storm = async (direction: string) => {
    while (!isOver) {
      for (const [service, table] of tables) {
        const sql = `select * from ${table} order by task_id ${direction} limit 50 for update`;
        await scene.holding(service, sql, [], () => pause(100)).catch(() => undefined);
      }
    }
  };
  const storms = ['asc', 'desc', 'asc', 'desc'].map(storm);
  const taskIds = await scene.underLoad(PER_SECOND, () => pause(AWAY_MS).finally(() => (isOver = true)));
  await Promise.all(storms);
  await scene.ended(taskIds);
}

async function awayAtStart(scene: Scene) {
  await scene.part('mariadb').stop();
  await Promise.all(services.map(service => scene.system.kill(service, 'SIGKILL')));
  for (const service of services) {
    await scene.until(`${service} did not answer`, async () => (await scene.health(service, 'ready')) === 503);
  }
  await scene.part('mariadb').start();
  await scene.ended(await scene.someFilms(5));
  await scene.system.waitReady();
}
