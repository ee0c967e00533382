import { join } from 'node:path';
import { root } from '../../sandbox/sandbox.ts';
import { readToTheEnd } from '../groups.ts';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';
import { callsMade, difference, rowsOf } from '../snapshot.ts';

const FILMS = 100;
const OPERATE = join(root, 'cli', 'operate.ts');

/** What a service that lost its database has to find again, and the rest of what it had. */
const lost = {
  'lyric-service': ['lyric', 'inbox'],
  'song-service': ['song', 'inbox'],
  'video-service': ['video', 'template', 'inbox'],
  'storage-service': ['asset', 'inbox'],
};

export const f17: Row = {
  id: 'F17',
  fault: 'a projection and the tables of a service are lost and made again from the events',
  note: `${FILMS} films; a million events are replayed by the benchmarks`,
  tries: [
    { name: 'the projection, while the gateway answers', run: projection },
    ...Object.entries(lost).map(([service, tables]) => ({
      name: service,
      run: (scene: Scene) => tablesLost(scene, service, tables),
    })),
  ],
};

async function projection(scene: Scene) {
  await scene.ended(await scene.someFilms(FILMS));
  await readToTheEnd(scene);
  const [before, calls] = [await projected(scene), await callsMade(scene)];
  for (const table of ['stage_attempt', 'task_event']) await scene.sql('gateway', `delete from ${table}`);
  await rebuild(scene, 'gateway');
  const after = await projected(scene);
  scene.holds(after === before, `the rebuilt projection differs from the live one: ${difference(before, after)}`);
  scene.holds((await callsMade(scene)) === calls, 'a provider was called to rebuild the projection');
}

/** All but the places in the feed: what was missing is news. */
async function projected(scene: Scene): Promise<string> {
  const events = 'select task_id, event_id, type, revision, data, time from task_event order by 1, 2';
  return (await rowsOf(scene, 'gateway', 'stage_attempt')) + JSON.stringify(await scene.sql('gateway', events));
}

async function tablesLost(scene: Scene, service: string, tables: string[]) {
  await scene.ended(await scene.someFilms(3));
  await scene.atRest();
  const calls = await callsMade(scene);
  await scene.system.stopService(service);
  for (const table of tables) await scene.sql(service, `delete from ${table}`);
  await rebuild(scene, service);
  await scene.system.startService(service);
  await scene.until(`${service} did not read its past`, async () => {
    return (await scene.records.lag(service, `castad.${service}.replay`)) === 0;
  });
  await scene.atRest();
  const after = await callsMade(scene);
  scene.holds(after === calls, `a provider was called to rebuild ${service}: ${calls} became ${after}`);
}

async function rebuild({ studio }: Scene, service: string) {
  const { env, tree } = studio.sandbox;
  await tree.run({
    name: `rebuild-${service}`,
    command: process.execPath,
    args: [OPERATE, 'rebuild', service],
    env: { ...process.env, ...env },
  });
}
