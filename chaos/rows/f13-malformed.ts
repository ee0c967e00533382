import { randomUUID } from 'node:crypto';
import type { Row } from '../row.ts';
import type { Scene } from '../scene.ts';

const TOPIC = 'castad.song.events';
const READERS = ['gateway', 'video-service', 'storage-service'];
const LARGE = 1_000_000;

const headers = (type: string, changes: object = {}) => ({
  ce_id: randomUUID(),
  ce_type: type,
  ce_source: '/castad/song-service',
  ce_specversion: '1.0',
  ce_time: new Date().toISOString(),
  ce_subject: randomUUID(),
  'content-type': 'application/json',
  ...changes,
});

/** What is sent, and the reason it is dead-lettered with; undefined where it is only skipped. */
const malformed: { name: string; reason?: string; value: Buffer | string | null; headers: object }[] = [
  { name: 'no value', reason: 'UNREADABLE', value: null, headers: headers('SongReady.v1') },
  { name: 'an empty value', reason: 'UNREADABLE', value: '', headers: headers('SongReady.v1') },
  { name: 'no JSON', reason: 'UNREADABLE', value: '{"taskId": ', headers: headers('SongReady.v1') },
  { name: 'another shape', reason: 'INVALID', value: '{"song": []}', headers: headers('SongReady.v1') },
  { name: 'a type nobody knows', value: '{}', headers: headers('SongHummed.v1') },
  { name: 'a megabyte', reason: 'UNREADABLE', value: 'x'.repeat(LARGE), headers: headers('SongReady.v1') },
  { name: 'no headers', reason: 'UNREADABLE', value: '{}', headers: {} },
  {
    name: 'an id that is none',
    reason: 'UNREADABLE',
    value: '{}',
    headers: headers('SongReady.v1', { ce_id: 'first' }),
  },
  { name: 'bytes', reason: 'UNREADABLE', value: Buffer.from([0xff, 0x00, 0xfe]), headers: headers('SongReady.v1') },
];

export const f13: Row = {
  id: 'F13',
  fault: 'records that are no messages',
  note: 'a batch compressed with snappy is written uncompressed by the broker, as the topics are provisioned',
  tries: [
    { name: 'dead-lettered with their reason', isShort: true, run: deadLettered },
    { name: 'redriven, they are dead-lettered again', run: redriven },
  ],
};

async function deadLettered(scene: Scene) {
  const key = randomUUID();
  for (const { value, headers } of malformed) {
    await scene.plant(TOPIC, [{ key, value, headers }]);
    // A success between them: ten dead letters in a row would stop the consumers.
    await scene.ended(await scene.someFilms(1, { stopAfter: 'song' }));
  }
  const expected = malformed.flatMap(({ reason }) => reason ?? []).sort();
  for (const service of READERS) {
    await scene.until(`${service} did not dead-letter all of them`, async () => {
      const reasons = (await lettersOf(scene, service, key)).map(({ headers: { dl_reason } }) => String(dl_reason));
      return String(reasons.sort()) === String(expected);
    });
  }
  await scene.ended(await scene.someFilms(2));
}

async function redriven(scene: Scene) {
  const before = await lettersOf(scene, 'video-service');
  for (const { key, value, headers } of before.slice(0, 5)) {
    await scene.records.sendRaw('castad.video-service.replay', [{ key, value, headers }]);
  }
  await scene.until('they did not come back', async () => {
    return (await lettersOf(scene, 'video-service')).length === before.length + Math.min(5, before.length);
  });
  await scene.ended(await scene.someFilms(2));
}

async function lettersOf(scene: Scene, service: string, ofKey?: string) {
  return (await scene.records.read(`castad.${service}.dead-letters`)).filter(({ key }) => !ofKey || key === ofKey);
}
