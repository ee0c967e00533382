import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const AWAY_MS = 20_000;
const SHORT_MS = 1_500;
const PER_SECOND = 4;
const ROOM = 150;

export const f2: Row = {
  id: 'F2',
  fault: 'the broker is away while orders come in',
  note: `away for ${AWAY_MS / 1000} s instead of 60, and refused beyond ${ROOM} waiting orders instead of 100,000`,
  system: { appEnv: { gateway: { OUTBOX_MAX_ROWS: String(ROOM) } } },
  tries: [
    { name: 'nobody listens', run: scene => away(scene, AWAY_MS, () => scene.proxy('kafka').refuse()) },
    {
      name: 'nobody listens for a moment',
      isShort: true,
      run: scene => away(scene, SHORT_MS, () => scene.proxy('kafka').refuse()),
    },
    { name: 'nothing moves', run: scene => away(scene, AWAY_MS, () => scene.proxy('kafka').blackHole()) },
    { name: 'more orders come than may wait', run: crowded },
  ],
};

async function away(scene: Scene, ms: number, harm: () => void) {
  harm();
  const taskIds: string[] = [];
  for (let i = 0; i < (ms / 1000) * PER_SECOND; i++) {
    const began = performance.now();
    const taskId = await scene.studio.order().catch((error: Error) => error);
    if (taskId instanceof Error) scene.holds(false, `an order was not accepted without the broker: ${taskId.message}`);
    else taskIds.push(taskId);
    await pause(Math.max(0, 1000 / PER_SECOND - (performance.now() - began)));
  }
  for (const taskId of taskIds) scene.films.set(taskId, 'completed');
  await scene.recovers(taskIds, () => scene.proxy('kafka').pass());
}

async function crowded(scene: Scene) {
  scene.proxy('kafka').refuse();
  const taskIds: string[] = [];
  let refusal = '';
  while (!refusal && taskIds.length < 10 * ROOM) {
    await scene.studio.order().then(
      taskId => taskIds.push(taskId),
      (error: Error) => (refusal = error.message),
    );
  }
  scene.holds(/503.*BACKLOG_FULL/.test(refusal), `orders were not refused when too many waited: ${refusal}`);
  for (const taskId of taskIds) scene.films.set(taskId, 'completed');
  await scene.recovers(taskIds, () => scene.proxy('kafka').pass());
  await scene.ended([await scene.film()]);
}
