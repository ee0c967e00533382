import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../sandbox/eventually.ts';
import type { Row } from '../row.ts';
import { PATIENCE_MS, type Scene } from '../scene.ts';

const RANDOM_KILLS = 4;
const MAX_AFTER_MS = 60;

export const f1: Row = {
  id: 'F1',
  fault: 'the gateway is killed around the commit of an order',
  tries: [
    { name: 'before the commit', run: beforeCommit },
    { name: 'between commit and answer', isShort: true, run: afterCommit },
    {
      name: `${RANDOM_KILLS} times somewhere in the request`,
      run: async scene => {
        for (let i = 0; i < RANDOM_KILLS; i++) {
          await killedDuring(scene, () => pause(Math.random() * MAX_AFTER_MS));
        }
      },
    },
  ],
};

async function beforeCommit(scene: Scene) {
  await killedDuring(scene, async name => {
    // All rows and the gap after the last: nothing can be added to the outbox.
    await scene.holding('gateway', 'select * from outbox for update', [], async () => {
      await scene.until('no order came as far as the outbox', async () => {
        const waiting = await scene.sql(
          'gateway',
          "select 1 from information_schema.processlist where info like 'insert into %outbox%' and command != 'Sleep'",
        );
        return waiting.length > 0;
      });
      await scene.system.kill('gateway', 'SIGKILL');
    });
    await scene.until('the order was not rolled back', async () => (await projects(scene, name)) === 0);
  });
}

async function afterCommit(scene: Scene) {
  await killedDuring(scene, async name => {
    scene.proxy('mariadb').delay(300);
    await scene.until('the order was not committed', async () => (await projects(scene, name)) === 1);
    await scene.system.kill('gateway', 'SIGKILL');
    await scene.proxy('mariadb').pass();
  });
}

/** Sends one order until it is answered; whatever happens meanwhile, one project comes of it. */
async function killedDuring(scene: Scene, harm: (name: string) => Promise<void>) {
  const [key, businessName] = [randomUUID(), `Inn ${randomUUID()}`];
  const first = scene.studio.order({ businessName }, key).catch(() => undefined);
  await harm(businessName);
  await scene.system.kill('gateway', 'SIGKILL');
  const answered = await first;
  const taskId = await eventually(() => scene.studio.order({ businessName }, key), PATIENCE_MS);
  scene.films.set(taskId, 'completed');
  const made = await projects(scene, businessName);
  scene.holds(made === 1, `one request with one key made ${made} projects`);
  scene.holds(!answered || answered === taskId, `the same key was answered ${answered} and then ${taskId}`);
}

async function projects(scene: Scene, businessName: string): Promise<number> {
  return (await scene.sql('gateway', 'select 1 from project where business_name = ?', [businessName])).length;
}
