import { setTimeout as pause } from 'node:timers/promises';
import type { Row, Try } from '../row.ts';
import type { Scene } from '../scene.ts';

const SLOW_MS = 1_000;

const paid = [
  { service: 'song-service', table: 'song', provider: 'suno', endpoint: 'POST /api/v1/generate' },
  { service: 'video-service', table: 'video', provider: 'creatomate', endpoint: 'POST /v2/renders' },
] as const;

export const f4: Row = {
  id: 'F4',
  fault: "a service is killed between a paid provider's answer and its commit",
  tries: paid.flatMap(one => [
    { name: `${one.service}, the callback comes`, run: scene => unsaved(scene, one, 'callbacks-late') },
    { name: `${one.service}, the callback is lost`, run: scene => unsaved(scene, one, 'callbacks-lost') },
  ]) satisfies Try[],
};

async function unsaved(scene: Scene, { service, table, provider, endpoint }: (typeof paid)[number], callbacks: string) {
  const isLost = callbacks === 'callbacks-lost';
  await scene.studio.fault(provider, { endpoint, kind: 'delay', ms: SLOW_MS, times: 1 });
  await scene.studio.fault(provider, { endpoint, kind: callbacks, ms: SLOW_MS * 6, times: 1 });
  const before = (await scene.studio.submits(provider)).length;
  const taskId = await scene.untilAsked(provider, endpoint, 1, () => scene.film({}, isLost ? 'ended' : 'completed'));
  await scene.holding(service, `select * from ${table} where task_id = ? for update`, [taskId], async () => {
    await scene.until('nothing was ordered', async () => (await scene.studio.submits(provider)).length > before);
    await pause(300);
    await scene.system.kill(service, 'SIGKILL');
  });
  await scene.ended([taskId]);
  const [order] = await scene.sql<{ code: string }>(
    'gateway',
    'select error_code code from task_order where task_id = ?',
    [taskId],
  );
  const expected = isLost ? 'OUTCOME_UNKNOWN' : null;
  scene.holds(order?.code === expected, `${service}: the film ended with ${order?.code}, not ${expected}`);
}
