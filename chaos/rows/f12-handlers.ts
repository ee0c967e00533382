import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const HELD_MS = 12_000;
const FILMS = 5;

export const f12: Row = {
  id: 'F12',
  fault: 'a handler throws, or waits for a row that somebody holds',
  note: 'every class of error, handlers that never return and ten dead letters in a row: libs/messaging/test',
  tries: [
    { name: 'it throws', isShort: true, run: throwing },
    { name: `it waits ${HELD_MS / 1000} s`, run: waiting },
  ],
};

/** Whole for everybody who only reads it, but its chosen track does not exist. */
async function throwing(scene: Scene) {
  const [taskId] = await scene.someFilms(1, { stopAfter: 'lyric' });
  const [model] = await scene.someFilms(1);
  await scene.ended([taskId, model] as string[]);
  const song = (await scene.records.read('castad.song.events')).find(
    ({ key, type }) => key === model && type === 'SongReady.v1',
  );
  const data = { ...song?.data, taskId, chosenTrackId: 'nobody' };
  const headers = { ...song?.headers, ce_id: randomUUID(), ce_subject: taskId };
  await scene.plant('castad.song.events', [{ key: taskId, value: JSON.stringify(data), headers }]);
  await scene.ended(await scene.someFilms(FILMS));
  await scene.until('the message was not dead-lettered', async () => {
    const letters = await scene.records.read('castad.video-service.dead-letters');
    return letters.some(({ key, headers: { dl_reason } }) => key === taskId && String(dl_reason) === 'TRACK_MISSING');
  });
}

async function waiting(scene: Scene) {
  const [held] = (await scene.someFilms(1)) as [string];
  const others = await scene.holding(
    'gateway',
    // By its whole key: no gap beside it is locked.
    'select * from task_order where task_id = ? and revision = 1 for update',
    [held],
    async () => {
      const [taskIds] = await Promise.all([scene.someFilms(FILMS), pause(HELD_MS)]);
      return taskIds;
    },
  );
  await scene.recovers([held, ...others], async () => {});
}
