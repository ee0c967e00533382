import { randomUUID } from 'node:crypto';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const MESSAGES = 1_000;
const FILMS = 20;
const TOPIC = 'castad.lyric.events';

export const f11: Row = {
  id: 'F11',
  fault: `${MESSAGES} messages on one key`,
  tries: [{ name: 'beside films on other keys', run: hotKey }],
};

async function hotKey(scene: Scene) {
  const hot = await scene.film();
  await scene.ended([hot]);
  const record = (await scene.records.read(TOPIC)).find(({ key }) => key === hot);
  const { key, value, headers } = record as NonNullable<typeof record>;
  const again = Array.from({ length: MESSAGES }, () => ({ key, value, headers: { ...headers, ce_id: randomUUID() } }));
  const [taskIds] = await Promise.all([scene.someFilms(FILMS), scene.plant(TOPIC, again)]);
  await scene.ended(taskIds);
  await scene.until('the hot key was not worked off', async () => (await scene.records.lag('gateway', TOPIC)) === 0);
}
