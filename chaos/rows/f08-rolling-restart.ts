import { randomUUID } from 'node:crypto';
import { services } from '../../sandbox/databases.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const PER_SECOND = 2;
const two = Object.fromEntries(services.map(service => [service, 2]));

export const f8: Row = {
  id: 'F8',
  fault: 'two processes of each service are replaced one by one, among messages of a newer version',
  note: 'the newer version is played by events with fields nobody knows yet',
  system: { instances: two },
  tries: [
    {
      name: 'all ten under load',
      run: async scene => {
        const taskIds = await scene.underLoad(PER_SECOND, async () => {
          for (const { name, instance } of scene.system.services) {
            await scene.system.kill(name, 'SIGTERM', instance);
            await ofNewerVersion(scene);
            await scene.system.waitReady(name);
          }
        });
        await scene.ended(taskIds);
      },
    },
  ],
};

/** The latest events again, as new ones, with more fields in them. */
async function ofNewerVersion(scene: Scene) {
  for (const topic of ['castad.lyric.events', 'castad.song.events', 'castad.video.events', 'castad.storage.events']) {
    const [record] = (await scene.records.read(topic)).slice(-1);
    if (!record) continue;
    const { plan } = record.data as { plan?: object };
    const data = { ...record.data, mood: 'calm', ...(plan && { plan: { ...plan, audience: { age: 30 } } }) };
    const headers = { ...record.headers, ce_id: randomUUID(), ce_dataschema: 'newer' };
    await scene.plant(topic, [{ key: record.key, value: JSON.stringify(data), headers }]);
  }
}
