import { services } from '../../sandbox/databases.ts';
import { readToTheEnd, rewind } from '../groups.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';
import { callsMade, difference, rowsOf } from '../snapshot.ts';

const FILMS = 20;

export const f9: Row = {
  id: 'F9',
  fault: 'every message comes three times; all messages come again from the first offset',
  tries: [
    { name: 'three times', run: thrice },
    { name: 'from the first offset', isShort: true, run: scene => fromTheFirst(scene, async () => {}) },
    {
      name: 'from the first offset, with an empty inbox',
      run: scene =>
        fromTheFirst(scene, async () => {
          for (const service of services) await scene.sql(service, 'delete from inbox');
        }),
    },
  ],
};

async function thrice(scene: Scene) {
  const { kafka } = scene.records;
  const consumer = kafka.consumer({ groupId: 'thrice', maxWaitTimeInMs: 20 });
  await consumer.connect();
  await consumer.subscribe({ topics: [/^castad\.\w+\.(commands|events)$/], fromBeginning: false });
  const joined = new Promise<void>(resolve => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    eachMessage: async ({ topic, message: { key, value, headers } }) => {
      if (headers?.copy) return;
      const copy = { key, value, headers: { ...headers, copy: 'yes' } };
      await scene.records.sendRaw(topic, [copy, copy]);
    },
  });
  await joined;
  await scene.ended(await scene.someFilms(FILMS));
  await scene.atRest();
  await consumer.disconnect();
}

async function fromTheFirst(scene: Scene, prepare: () => Promise<void>) {
  await scene.ended(await scene.someFilms(3));
  await readToTheEnd(scene);
  const before = await stateOf(scene);
  await Promise.all(scene.system.services.map(({ name, instance }) => scene.system.stopService(name, instance)));
  await prepare();
  await rewind(scene);
  await Promise.all(scene.system.services.map(({ name, instance }) => scene.system.startService(name, instance)));
  await readToTheEnd(scene);
  const after = await stateOf(scene);
  for (const [what, rows] of Object.entries(before)) {
    scene.holds(rows === after[what], `${what} changed when old messages came again: ${difference(rows, after[what])}`);
  }
}

const tables = {
  gateway: ['project', 'task_order', 'stage_attempt', 'task_event'],
  'lyric-service': ['lyric'],
  'song-service': ['song'],
  'video-service': ['video'],
  'storage-service': ['asset'],
};

async function stateOf(scene: Scene): Promise<Record<string, string>> {
  const state: Record<string, string> = { calls: await callsMade(scene) };
  for (const [service, names] of Object.entries(tables)) {
    for (const name of names) state[name] = await rowsOf(scene, service, name);
  }
  return state;
}
