import { setTimeout as pause } from 'node:timers/promises';
import { services } from '../../sandbox/databases.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const LIMIT_MS = 25_000;
const PER_SECOND = 3;

export const f5: Row = {
  id: 'F5',
  fault: 'a service is asked to stop under load, once, twice, and while its group rebalances',
  system: { instances: { 'song-service': 2, 'video-service': 2 } },
  tries: [
    { name: 'once', run: scene => eachStops(scene, service => stop(scene, service)) },
    {
      name: 'twice',
      run: scene =>
        eachStops(scene, async service => {
          await Promise.all([stop(scene, service), pause(200).then(() => scene.system.kill(service, 'SIGTERM'))]);
        }),
    },
    {
      name: 'while the group rebalances',
      run: async scene => {
        await scene.underLoad(PER_SECOND, async () => {
          for (const service of ['song-service', 'video-service']) {
            await scene.system.stopService(service, 2);
            const joined = scene.system.startService(service, 2);
            await pause(1_000);
            await stop(scene, service);
            await joined;
            await scene.system.startService(service);
          }
        });
      },
    },
  ],
};

async function eachStops(scene: Scene, one: (service: string) => Promise<void>) {
  await scene.underLoad(PER_SECOND, async () => {
    for (const service of services) {
      await one(service);
      await scene.system.startService(service);
    }
  });
}

async function stop(scene: Scene, service: string) {
  const began = performance.now();
  const how = await scene.system.stopService(service);
  const ms = Math.round(performance.now() - began);
  scene.holds(how === 'exit code 0', `${service} ended with ${how}`);
  scene.holds(ms <= LIMIT_MS, `${service} took ${ms} ms to stop`);
}
