import { setTimeout as pause } from 'node:timers/promises';
import { services } from '../../sandbox/databases.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const PER_SECOND = 3;
const AROUND_MS = 2_000;

export const f6: Row = {
  id: 'F6',
  fault: 'the broker is restarted, killed, silent, or away when services start',
  note: 'one broker: the change of a leader among three is not part of it',
  tries: [
    { name: 'restarted', run: scene => comesBack(scene, 'SIGTERM') },
    { name: 'killed', run: scene => comesBack(scene, 'SIGKILL') },
    { name: 'connections cut, again and again', isShort: true, run: cutOften },
    { name: 'away when services start', run: awayAtStart },
  ],
};

async function comesBack(scene: Scene, signal: NodeJS.Signals) {
  const broker = scene.part('kafka');
  const taskIds = await scene.underLoad(PER_SECOND, async () => {
    await pause(AROUND_MS);
    await broker.kill(signal);
    await broker.waitReady();
    await pause(AROUND_MS);
  });
  await scene.recovers(taskIds, async () => {});
}

async function cutOften(scene: Scene) {
  const taskIds = await scene.underLoad(PER_SECOND, async () => {
    for (let i = 0; i < 5; i++) {
      await pause(500);
      scene.proxy('kafka').cut();
    }
  });
  await scene.ended(taskIds);
}

async function awayAtStart(scene: Scene) {
  await scene.part('kafka').stop();
  await Promise.all(services.map(service => scene.system.kill(service, 'SIGKILL')));
  for (const service of services) {
    await scene.until(`${service} is not ready`, async () => (await scene.health(service, 'ready')) === 200);
    scene.holds((await scene.health(service, 'consumer')) === 503, `${service} consumes without a broker`);
  }
  const taskIds = await scene.someFilms(5);
  await scene.recovers(taskIds, () => scene.part('kafka').start());
}
