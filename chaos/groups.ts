import { services } from '../sandbox/databases.ts';
import type { Scene } from './scene.ts';

/** Lets every service, all of whose processes are stopped, read everything again: without offsets it begins anew. */
export async function rewind(scene: Scene) {
  await withAdmin(scene, admin => admin.deleteGroups([...services]));
}

/** Waits until every service has read all there is, and nothing is under way. */
export async function readToTheEnd(scene: Scene) {
  await scene.until('not all messages were read', async () => (await lag(scene)) === 0);
  await scene.atRest();
}

function lag(scene: Scene): Promise<number> {
  return withAdmin(scene, async admin => {
    let lag = 0;
    for (const groupId of services) {
      for (const { topic } of await admin.fetchOffsets({ groupId })) lag += await scene.records.lag(groupId, topic);
    }
    return lag;
  });
}

type Admin = ReturnType<Scene['records']['kafka']['admin']>;

async function withAdmin<T>(scene: Scene, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = scene.records.kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
