import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const FILMS = 10;

export const f10: Row = {
  id: 'F10',
  fault: 'results come before the answer to a submit; a service reads events late and shuffled',
  tries: [
    { name: 'results before answers', isShort: true, run: early },
    { name: 'gateway', run: scene => shuffled(scene, 'gateway', stored) },
    { name: 'video-service', run: scene => shuffled(scene, 'video-service', sung) },
    { name: 'storage-service', run: scene => shuffled(scene, 'storage-service', sung) },
  ],
};

async function early(scene: Scene) {
  const times = 3;
  await scene.studio.fault('suno', { endpoint: 'POST /api/v1/generate', kind: 'callbacks-early', times });
  await scene.studio.fault('creatomate', { endpoint: 'POST /v2/renders', kind: 'callbacks-early', times });
  await scene.ended(await scene.someFilms(times));
}

/** Stops a service, lets the others go as far as they can, and gives it all events in any order beside the right one. */
async function shuffled(scene: Scene, service: string, isFar: (scene: Scene, taskId: string) => Promise<boolean>) {
  const taskIds = await scene.someFilms(FILMS);
  await scene.system.stopService(service);
  for (const taskId of taskIds) await scene.until('the others did not go on', () => isFar(scene, taskId));
  const records = (await scene.everyRecord()).filter(
    ({ key, topic }) => taskIds.includes(key) && topic.endsWith('.events'),
  );
  for (const { key, value, headers } of records.toSorted(() => Math.random() - 0.5)) {
    await scene.records.sendRaw(`castad.${service}.replay`, [{ key, value, headers }]);
  }
  await scene.system.startService(service);
  await scene.ended(taskIds);
}

const isThere = async (scene: Scene, service: string, sql: string, taskId: string) =>
  (await scene.sql(service, sql, [taskId])).length > 0;

/** A film the gateway does not hear of is made all the same. */
const stored = (scene: Scene, taskId: string) =>
  isThere(
    scene,
    'storage-service',
    "select 1 from asset where task_id = ? and kind = 'video' and status = 'done'",
    taskId,
  );

const sung = (scene: Scene, taskId: string) =>
  isThere(scene, 'song-service', "select 1 from song where task_id = ? and status = 'done'", taskId);
