import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../../sandbox/sandbox.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';
import { paidFor } from '../snapshot.ts';

const SAMPLES = join(root, 'libs', 'contracts', 'src', 'samples');

const topics: [RegExp, string][] = [
  [/^CancelTask/, 'castad.task.commands'],
  [/^(Task|StageDelayed|MessageRejected)/, 'castad.task.events'],
  [/^GenerateLyric/, 'castad.lyric.commands'],
  [/^Lyric/, 'castad.lyric.events'],
  [/^GenerateSong/, 'castad.song.commands'],
  [/^SongCalledBack/, 'castad.song.callbacks'],
  [/^Song/, 'castad.song.events'],
  [/^RenderVideo/, 'castad.video.commands'],
  [/^RenderCalledBack/, 'castad.video.callbacks'],
  [/^Render/, 'castad.video.events'],
  [/^Asset/, 'castad.storage.events'],
];

export const f18: Row = {
  id: 'F18',
  fault: 'messages as every released version wrote them, and as later ones may',
  tries: [
    { name: 'recorded samples', isShort: true, run: scene => samples(scene, data => data) },
    {
      name: 'samples with more fields',
      run: scene => samples(scene, data => ({ ...data, since: 'later', more: { of: 1 } })),
    },
  ],
};

/** They are for a task nobody knows, of a deadline long past: read by everybody, they make nobody call a provider. */
async function samples(scene: Scene, change: (data: object) => object) {
  const before = await paidFor(scene);
  const [unknown, deleted] = [randomUUID(), randomUUID()];
  for (const file of readdirSync(SAMPLES).filter(name => name.endsWith('.json'))) {
    // A later shape of a type has a number after its version.
    const type = basename(file, '.json').replace(/(\.v\d+)\.\d+$/, '$1');
    const topic = topics.find(([pattern]) => pattern.test(type))?.[1];
    if (!topic) throw new Error(`on which topic does ${type} travel?`);
    // What else is told of a deleted task is dropped.
    const taskId = type.startsWith('TaskDeleted') ? deleted : unknown;
    const data = JSON.parse(readFileSync(join(SAMPLES, file), 'utf8')) as object;
    const headers = {
      ce_id: randomUUID(),
      ce_type: type,
      ce_source: '/castad/chaos',
      ce_specversion: '1.0',
      ce_time: new Date().toISOString(),
      ce_subject: taskId,
    };
    await scene.plant(topic, [{ key: taskId, value: JSON.stringify({ ...change(data), taskId }), headers }]);
  }
  await scene.ended(await scene.someFilms(2));
  await scene.atRest();
  scene.holds((await paidFor(scene)) === before + 4, 'an old message made somebody pay');
  const letters = (await scene.everyRecord()).filter(
    ({ key, topic }) => (key === unknown || key === deleted) && topic.endsWith('.dead-letters'),
  );
  for (const { type, topic, headers } of letters) {
    scene.holds(false, `${type} lies in ${topic}: ${String(headers.dl_error)}`);
  }
}
