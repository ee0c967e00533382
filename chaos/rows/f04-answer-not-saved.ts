import { setTimeout as pause } from 'node:timers/promises';
import type { Row, Try } from '../row.ts';
import type { Scene } from '../scene.ts';

const SLOW_MS = 1_000;
const LATE_MS = 6_000;

const paid = [
  { service: 'song-service', table: 'song', provider: 'suno', endpoint: 'POST /api/v1/generate' },
  { service: 'video-service', table: 'video', provider: 'creatomate', endpoint: 'POST /v2/renders' },
] as const;
type Paid = (typeof paid)[number];

export const f4: Row = {
  id: 'F4',
  fault: "a service is killed between a paid provider's answer and its commit",
  tries: paid.flatMap(one => [
    { name: `${one.service}, the callback comes`, run: scene => unsaved(scene, one, 'callbacks-late', null) },
    {
      name: `${one.service}, the callback comes while it is dead`,
      run: scene =>
        unsaved(scene, one, 'callbacks-late', null, () => scene.deadWhileCalledBack(one.service, one.provider, 1)),
    },
    {
      name: `${one.service}, the callback is lost`,
      run: scene => unsaved(scene, one, 'callbacks-lost', 'OUTCOME_UNKNOWN'),
    },
  ]) satisfies Try[],
};

async function unsaved(
  scene: Scene,
  { service, table, provider, endpoint }: Paid,
  callbacks: string,
  expected: string | null,
  staysDead?: () => Promise<void>,
) {
  await scene.studio.fault(provider, { endpoint, kind: 'delay', ms: SLOW_MS, times: 1 });
  await scene.studio.fault(provider, { endpoint, kind: callbacks, ms: LATE_MS, times: 1 });
  const before = (await scene.studio.submits(provider)).length;
  const taskId = await scene.untilAsked(provider, endpoint, 1, () => scene.film({}, expected ? 'ended' : 'completed'));
  await scene.holding(service, `select * from ${table} where task_id = ? for update`, [taskId], async () => {
    await scene.until('nothing was ordered', async () => (await scene.studio.submits(provider)).length > before);
    await pause(300);
    await scene.system.kill(service, 'SIGKILL');
  });
  await staysDead?.();
  await scene.ended([taskId]);
  const [order] = await scene.sql<{ code: string }>(
    'gateway',
    'select error_code code from task_order where task_id = ?',
    [taskId],
  );
  scene.holds(order?.code === expected, `${service}: the film ended with ${order?.code}, not ${expected}`);
}
