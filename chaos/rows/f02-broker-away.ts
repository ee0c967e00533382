import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const AWAY_MS = 20_000;
const SHORT_MS = 1_500;
const PER_SECOND = 4;

export const f2: Row = {
  id: 'F2',
  fault: 'the broker is away while orders come in',
  note: `away for ${AWAY_MS / 1000} s instead of 60; the outbox has no limit that would refuse orders`,
  tries: [
    { name: 'nobody listens', run: scene => away(scene, AWAY_MS, () => scene.proxy('kafka').refuse()) },
    {
      name: 'nobody listens for a moment',
      isShort: true,
      run: scene => away(scene, SHORT_MS, () => scene.proxy('kafka').refuse()),
    },
    { name: 'nothing moves', run: scene => away(scene, AWAY_MS, () => scene.proxy('kafka').blackHole()) },
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
