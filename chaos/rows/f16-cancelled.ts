import { setTimeout as pause } from 'node:timers/promises';
import type { Provider } from '../../sandbox/providers.ts';
import type { Row, Try } from '../row.ts';
import type { Scene } from '../scene.ts';
import { paidFor } from '../snapshot.ts';

const SLOW_MS = 1_500;
const RACES = 20;
const RACE_MS = 3_000;

/** While a stage waits for a provider. What comes after that stage must not be begun. */
const during = (name: string, provider: Provider, endpoint: string, kind = 'delay'): Try => ({
  name,
  run: async scene => {
    await scene.studio.fault(provider, { endpoint, kind, ms: SLOW_MS, times: 1 });
    const taskId = await scene.untilAsked(provider, endpoint, 1, () => scene.film({}, 'ended'));
    const paid = await paidFor(scene);
    const answers = await Promise.all([order(scene, taskId, 'cancel'), order(scene, taskId, 'cancel')]);
    scene.holds(String(answers) === '202,202', `${name}: cancel twice was answered ${String(answers)}`);
    await scene.ended([taskId]);
    await scene.atRest();
    scene.holds((await statusOf(scene, taskId)) === 'cancelled', `${name}: the order was not cancelled`);
    // The submit that was under way may still have been taken.
    const own = endpoint.startsWith('POST /') && provider !== 'openai' ? 1 : 0;
    scene.holds((await paidFor(scene)) <= paid + own, `${name}: something was paid for after the cancellation`);
    await retried(scene, taskId);
  },
});

export const f16: Row = {
  id: 'F16',
  fault: 'an order is cancelled in each stage, twice, and while it succeeds; then it is tried again',
  tries: [
    during('while the model writes', 'openai', 'POST /v1/chat/completions'),
    { ...during('while a song is submitted', 'suno', 'POST /api/v1/generate', 'delay-response'), isShort: true },
    during('while a song is sung', 'suno', 'POST /api/v1/generate', 'callbacks-late'),
    during('while a song is stored', 'suno', 'GET /media/*'),
    during('while a film is submitted', 'creatomate', 'POST /v2/renders', 'delay-response'),
    during('while a film is rendered', 'creatomate', 'POST /v2/renders', 'callbacks-late'),
    during('while a film is stored', 'creatomate', 'GET /media/*'),
    { name: `${RACES} times at random`, run: race },
  ],
};

async function race(scene: Scene) {
  const taskIds = await Promise.all(
    Array.from({ length: RACES }, async () => {
      const taskId = await scene.film({}, 'ended');
      await pause(Math.random() * RACE_MS);
      const status = await order(scene, taskId, 'cancel');
      // 409: it was already completed.
      scene.holds([202, 409].includes(status), `a cancellation was answered ${status}`);
      return taskId;
    }),
  );
  await scene.ended(taskIds);
  for (const taskId of taskIds) {
    const status = await statusOf(scene, taskId);
    scene.holds(['done', 'cancelled'].includes(status), `a cancelled film is ${status}`);
    if (status === 'cancelled') await retried(scene, taskId);
  }
}

/** What was paid for before is taken over: the checker counts. */
async function retried(scene: Scene, taskId: string) {
  const status = await order(scene, taskId, 'retry');
  scene.holds(status === 202, `a retry was answered ${status}`);
  await scene.ended([taskId]);
  scene.holds((await statusOf(scene, taskId)) === 'done', `the retry of ${taskId} did not succeed`);
}

async function order(scene: Scene, taskId: string, what: string): Promise<number> {
  return (await scene.studio.api(`/v1/projects/${taskId}/${what}`, { method: 'POST' })).status;
}

async function statusOf(scene: Scene, taskId: string): Promise<string> {
  const latest = 'select status from task_order where task_id = ? order by revision desc limit 1';
  return (await scene.sql<{ status: string }>('gateway', latest, [taskId]))[0]?.status ?? 'missing';
}
