import { setTimeout as pause } from 'node:timers/promises';
import { services } from '../../sandbox/databases.ts';
import type { Provider } from '../../sandbox/providers.ts';
import type { Row, Try } from '../row.ts';
import type { Scene } from '../scene.ts';

/** Long enough to kill a process meanwhile, short enough for the call's own time-out. */
const SLOW_MS = 1_500;
/** Long enough to kill a process before it is called back. */
const LATE_MS = 6_000;
const FILMS = 2;
const RANDOM_MS = 40_000;
const RANDOM_PER_SECOND = 2;

/** While a provider works on a call: before it takes it, or with the answer still to come. */
const during = (service: string, name: string, provider: Provider, endpoint: string): Try => ({
  name: `${service} ${name}`,
  run: scene =>
    killedWhile(scene, service, async () => {
      await scene.studio.fault(provider, { endpoint, kind: 'delay', ms: SLOW_MS, times: FILMS });
      return scene.untilAsked(provider, endpoint, FILMS, () => scene.someFilms(FILMS));
    }),
});

/** While a paid call is under way: only the callback tells what came of it, and it comes while the service is dead. */
const duringSubmit = (
  service: string,
  name: string,
  provider: 'suno' | 'creatomate',
  endpoint: string,
  kind: string,
  body?: object,
): Try => ({
  name: `${service} ${name}`,
  run: async scene => {
    await scene.studio.fault(provider, { endpoint, kind, ms: SLOW_MS, times: FILMS });
    await scene.studio.fault(provider, { endpoint, kind: 'callbacks-late', ms: LATE_MS, times: FILMS });
    const taskIds = await scene.untilAsked(provider, endpoint, FILMS, () => scene.someFilms(FILMS, body));
    await scene.deadWhileCalledBack(service, provider, FILMS);
    await scene.ended(taskIds);
  },
});

/** While a provider works on what it took; the callback does not come, so that somebody has to ask. */
const duringWork = (service: string, name: string, provider: 'suno' | 'creatomate', endpoint: string): Try => ({
  name: `${service} ${name}`,
  run: scene =>
    killedWhile(scene, service, async () => {
      await scene.studio.fault(provider, { endpoint, kind: 'callbacks-lost', times: FILMS });
      const taskIds = await scene.someFilms(FILMS);
      const table = provider === 'suno' ? 'song' : 'video';
      await scene.until('no job is running', async () => {
        const sql = `select 1 from ${table} where task_id in (?) and job_id is not null`;
        return (await scene.sql(service, sql, [taskIds])).length === FILMS;
      });
      return taskIds;
    }),
});

/** While a worker has its answer and cannot record it: somebody holds the row. */
const unrecorded = (
  { service, table, provider, endpoint }: { service: string; table: string; provider: Provider; endpoint: string },
  isAnswered: (scene: Scene, taskId: string) => Promise<boolean>,
): Try => ({
  name: `${service} has an answer that is not recorded`,
  run: async scene => {
    await scene.studio.fault(provider, { endpoint, kind: 'delay', ms: SLOW_MS, times: 1 });
    const taskId = await scene.untilAsked(provider, endpoint, 1, () => scene.film());
    await scene.holding(service, `select * from ${table} where task_id = ? for update`, [taskId], async () => {
      await scene.until('the answer did not come', () => isAnswered(scene, taskId));
      await pause(200);
      await scene.system.kill(service, 'SIGKILL');
    });
    await scene.recovers([taskId], async () => {});
  },
});

/** In an order in which no service dies twice in short time: an orchestrator would let it wait. */
const states: Try[] = [
  {
    name: 'gateway has just accepted an order',
    run: scene => killedWhile(scene, 'gateway', () => scene.someFilms(FILMS)),
  },
  during('lyric-service', 'waits for the model', 'openai', 'POST /v1/chat/completions'),
  duringSubmit('song-service', 'submits', 'suno', 'POST /api/v1/generate', 'delay'),
  during('video-service', 'waits for the files of a song', 'suno', 'GET /media/*'),
  during('storage-service', 'downloads', 'suno', 'GET /media/*'),
  { name: 'gateway hears that a film is stored', run: lastNews },
  duringSubmit('song-service', 'has submitted', 'suno', 'POST /api/v1/generate', 'delay-response'),
  { name: 'video-service asks for a template', run: templating },
  { name: 'storage-service uploads', run: uploading },
  duringWork('song-service', 'waits for a song', 'suno', 'POST /api/v1/generate'),
  duringSubmit('video-service', 'submits', 'creatomate', 'POST /v2/renders', 'delay'),
  unrecorded(
    { service: 'storage-service', table: 'asset', provider: 'suno', endpoint: 'GET /media/*' },
    async (scene, taskId) => (await scene.blobs()).some(path => path.startsWith(taskId)),
  ),
  during('song-service', 'reads the tracks', 'suno', 'GET /api/v1/generate/record-info'),
  {
    ...duringSubmit('video-service', 'has submitted', 'creatomate', 'POST /v2/renders', 'delay-response'),
    isShort: true,
  },
  duringSubmit('video-service', 'submits films of two formats', 'creatomate', 'POST /v2/renders', 'delay-response', {
    video: { formats: ['9:16', '1:1'] },
  }),
  unrecorded(
    { service: 'lyric-service', table: 'lyric', provider: 'openai', endpoint: 'POST /v1/chat/completions' },
    async () => (await pause(SLOW_MS), true),
  ),
  during('song-service', 'reads when words are sung', 'suno', 'POST /api/v1/generate/get-timestamped-lyrics'),
  duringWork('video-service', 'waits for a film', 'creatomate', 'POST /v2/renders'),
  during('storage-service', 'downloads a film', 'creatomate', 'GET /media/*'),
  during('video-service', 'reads a film', 'creatomate', 'GET /v2/renders/*'),
];

export const f3: Row = {
  id: 'F3',
  fault: 'a service is killed, in each state of a job and at random',
  tries: [...states, { name: `one service after another at random for ${RANDOM_MS / 1000} s`, run: atRandom }],
};

async function killedWhile(scene: Scene, service: string, reach: () => Promise<string[]>) {
  const taskIds = await reach();
  await scene.recovers(taskIds, () => scene.system.kill(service, 'SIGKILL'));
}

async function lastNews(scene: Scene) {
  const taskId = await scene.film();
  await scene.holding('gateway', 'select * from task_order where task_id = ? for update', [taskId], async () => {
    await scene.until('the film was not stored', async () => {
      const stored = "select 1 from asset where task_id = ? and kind = 'video' and status = 'done'";
      return (await scene.sql('storage-service', stored, [taskId])).length > 0;
    });
    await scene.system.kill('gateway', 'SIGKILL');
  });
  await scene.recovers([taskId], async () => {});
}

/** Asked for once in a long time: the known ones have to be forgotten. */
async function templating(scene: Scene) {
  await scene.system.stopService('video-service');
  await scene.sql('video-service', 'delete from template');
  const endpoint = 'GET /v2/templates/*';
  const taskIds = await scene.someFilms(FILMS);
  await scene.studio.fault('creatomate', { endpoint, kind: 'delay', ms: SLOW_MS, times: 1 });
  await scene.untilAsked('creatomate', endpoint, 1, () => scene.system.startService('video-service'));
  await scene.recovers(taskIds, () => scene.system.kill('video-service', 'SIGKILL'));
}

async function uploading(scene: Scene) {
  const proxy = scene.proxy('azurite');
  proxy.blackHole();
  const taskId = await scene.untilAsked('suno', 'GET /media/*', 1, () => scene.film());
  await pause(300);
  await scene.system.kill('storage-service', 'SIGKILL');
  await scene.recovers([taskId], () => proxy.pass());
}

async function atRandom(scene: Scene) {
  const until = performance.now() + RANDOM_MS;
  const taskIds = await scene.underLoad(
    RANDOM_PER_SECOND,
    async () => {
      while (performance.now() < until) {
        await pause(500 + Math.random() * 3_000);
        await scene.system.kill(services[Math.floor(Math.random() * services.length)] as string, 'SIGKILL');
      }
    },
    'OUTCOME_UNKNOWN',
  );
  await scene.ended(taskIds);
}
