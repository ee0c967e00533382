import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const FILMS = 10;

export const f15: Row = {
  id: 'F15',
  fault: 'the deadline of an order passes, and two gateways notice',
  system: {
    instances: { gateway: 2 },
    appEnv: { gateway: { FILM_DEADLINE_MS: '8000', FILM_DEADLINE_GRACE_MS: '500' } },
  },
  tries: [
    { name: 'a job is never finished', run: stuck },
    { name: 'a service stays away', run: absent },
  ],
};

async function stuck(scene: Scene) {
  await scene.studio.fault('suno', { endpoint: 'POST /api/v1/generate', kind: 'job-stuck', times: FILMS });
  const taskIds = await scene.someFilms(FILMS, {}, 'ended');
  await scene.ended(taskIds);
  await failedBecause(scene, taskIds, 'DEADLINE_EXCEEDED');
}

/** What it finds when it is back, it must not begin any more. */
async function absent(scene: Scene) {
  await scene.system.stopService('song-service');
  const before = (await scene.studio.submits('suno')).length;
  const taskIds = await scene.someFilms(FILMS, {}, 'ended');
  await scene.ended(taskIds);
  await scene.system.startService('song-service');
  await scene.atRest();
  await failedBecause(scene, taskIds, 'DEADLINE_EXCEEDED');
  scene.holds((await scene.studio.submits('suno')).length === before, 'a song was ordered after the deadline');
}

async function failedBecause(scene: Scene, taskIds: string[], code: string) {
  const orders = await scene.sql<{ taskId: string; code: string }>(
    'gateway',
    'select task_id taskId, error_code code from task_order where task_id in (?)',
    [taskIds],
  );
  for (const order of orders)
    scene.holds(order.code === code, `film ${order.taskId} ended with ${order.code}, not ${code}`);
}
