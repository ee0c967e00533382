import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Seen } from '../../sandbox/records.ts';
import type { Evidence, JobRow } from '../evidence.ts';
import { handledBy } from './records.ts';
import { violations } from './index.ts';

const TASK = '0198c0de-0000-7000-8000-000000000001';
const PLANTED = { chaos: 'planted' };

let messages = 0;

function record(type: string, topic: string, data: object = {}, headers: object = {}): Seen {
  const id = `message-${++messages}`;
  return {
    topic: `castad.${topic}`,
    partition: 0,
    offset: String(messages),
    key: TASK,
    type: `${type}.v1`,
    headers: { ce_id: id, ce_type: `${type}.v1`, ...headers },
    value: Buffer.from('{}'),
    data: { taskId: TASK, revision: 1, ...data },
  };
}

const idOf = ({ headers }: Seen) => String(headers.ce_id);

function job(service: string, table: string, causeId: string, changes: Partial<JobRow> = {}): JobRow {
  const common = { taskId: TASK, revision: 1, ref: '', status: 'done', dueAt: null, leaseOwner: null, paths: [] };
  return { service, table, causeId, ...common, ...changes };
}

/** What one film leaves behind when nothing went wrong. */
function soundFilm() {
  const generate = record('GenerateLyric', 'lyric.commands');
  const lyric = record('LyricGenerated', 'lyric.events');
  const songNote = record('SongSubmitBegun', 'song.events', { attempt: 1, token: 'song-token' });
  const song = record('SongReady', 'song.events');
  const filmNote = record('RenderSubmitBegun', 'video.events', { attempt: 1, token: 'film-token', format: '9:16' });
  const film = record('RenderSucceeded', 'video.events', { format: '9:16' });
  const songFiles = record('AssetStored', 'storage.events', { kind: 'song', ref: 'tracks' });
  const filmFiles = record('AssetStored', 'storage.events', { kind: 'video', ref: '9:16' });
  const completed = record('TaskCompleted', 'task.events');
  const records = [generate, lyric, songNote, song, filmNote, film, songFiles, filmFiles, completed];
  const orders = [
    { taskId: TASK, revision: 1, status: 'done', lastStage: 'video', errorCode: null, errorReason: null },
  ];
  const inbox = new Map(
    Object.entries(handledBy).map(([service, names]) => [
      service,
      new Set(records.filter(({ type }) => names.includes(type.replace('.v1', ''))).map(idOf)),
    ]),
  );
  const evidence: Evidence = {
    films: new Map([[TASK, 'completed']]),
    orders,
    jobs: [
      job('gateway', 'task_order', 'a request'),
      job('lyric-service', 'lyric', idOf(generate)),
      job('song-service', 'song', idOf(lyric), { token: 'song-token', jobId: 'suno-1' }),
      job('video-service', 'video', idOf(song), { ref: '9:16', token: 'film-token', jobId: 'render-1' }),
      job('storage-service', 'asset', idOf(song), { ref: 'song tracks', paths: [`${TASK}/song.mp3`] }),
      job('storage-service', 'asset', idOf(film), { ref: 'video 9:16', paths: [`${TASK}/film.mp4`] }),
    ],
    inbox,
    outbox: [],
    history: [lyric, song, film, songFiles, filmFiles].map(event => ({ taskId: TASK, eventId: idOf(event) })),
    records,
    submits: [
      { provider: 'suno', jobId: 'suno-1', token: 'song-token' },
      { provider: 'creatomate', jobId: 'render-1', token: 'film-token' },
    ],
    callbacks: [
      { jobId: 'suno-1', at: '2026-01-01T00:00:01.000Z' },
      { jobId: 'render-1', at: '2026-01-01T00:00:02.000Z' },
    ],
    blobs: [`${TASK}/song.mp3`, `${TASK}/film.mp4`],
    temporary: [],
  };
  return { evidence, lyric, song, songNote, filmFiles, completed };
}

describe('the checker', () => {
  let film: ReturnType<typeof soundFilm>;
  let evidence: Evidence;

  beforeEach(() => {
    film = soundFilm();
    ({ evidence } = film);
  });

  const found = () => violations(evidence).map(({ kind, taskId, words }) => [kind, taskId, words]);
  const order = () => evidence.orders[0] as Evidence['orders'][number];
  const rowOf = (table: string) => evidence.jobs.find(row => row.table === table) as JobRow;
  const without = (unwanted: Seen) => (evidence.records = evidence.records.filter(seen => seen !== unwanted));
  const again = (seen: Seen): Seen => ({ ...seen, headers: { ...seen.headers, ce_id: 'another' } });

  it('finds nothing wrong with a sound film', () => {
    expect(found()).toEqual([]);
  });

  it('misses one of the films of an order that is completed', () => {
    const { causeId } = rowOf('video');
    evidence.jobs.push(job('video-service', 'video', causeId, { ref: '1:1' }));
    expect(found()).toEqual([['lost', TASK, 'order 1 is completed, but its film is not stored']]);
  });

  it('takes a record that was sent again for what it is', () => {
    evidence.records.push(film.lyric, film.completed);
    expect(found()).toEqual([]);
  });

  it('takes what the campaign planted for what it is', () => {
    const planted = record('SongReady', 'song.events', {}, PLANTED);
    for (const service of Object.keys(handledBy)) evidence.inbox.get(service)?.add(idOf(planted));
    evidence.records.push(
      planted,
      record('Anything', 'gateway.dead-letters', {}, { ...PLANTED, dl_reason: 'INVALID' }),
    );
    expect(found()).toEqual([]);
  });

  describe('reports a film that', () => {
    it('was accepted and left no order', () => {
      evidence.films.set('another', 'completed');
      expect(found()).toEqual([['lost', 'another', 'was accepted, but no order is there']]);
    });

    it('has not ended', () => {
      order().status = 'running';
      without(film.completed);
      expect(found()).toEqual([['lost', TASK, 'order 1 has not ended: running']]);
    });

    it('failed though it should have been completed', () => {
      Object.assign(order(), { status: 'failed', errorCode: 'SUNO_REFUSED', errorReason: 'No.' });
      Object.assign(film.completed, record('TaskFailed', 'task.events'));
      expect(found()).toEqual([['lost', TASK, 'order 1 failed: SUNO_REFUSED (No.)']]);
    });

    it('failed and nobody says why', () => {
      order().status = 'failed';
      Object.assign(film.completed, record('TaskFailed', 'task.events'));
      expect(found()).toEqual([['untidy', TASK, 'order 1 failed and nobody says why']]);
    });

    it('ended untold, told twice, or told otherwise', () => {
      without(film.completed);
      expect(found()).toEqual([['lost', TASK, 'nobody was told that order 1 ended']]);
      evidence.records.push(film.completed, record('TaskFailed', 'task.events'));
      expect(found()).toEqual([['doubled', TASK, 'order 1 ended more than once: TaskCompleted, TaskFailed']]);
      without(film.completed);
      expect(found()).toEqual([['untidy', TASK, 'order 1 is done, but TaskFailed was announced']]);
    });

    it('is completed and not stored', () => {
      evidence.jobs = evidence.jobs.filter(({ ref }) => !ref.startsWith('video'));
      evidence.blobs.pop();
      expect(found()).toEqual([['lost', TASK, 'order 1 is completed, but its film is not stored']]);
    });
  });

  describe('reports a payment that', () => {
    it('was made twice', () => {
      evidence.submits.push({ provider: 'suno', jobId: 'suno-2', token: 'song-token' });
      expect(found()).toEqual([['doubled', TASK, 'suno was paid 2 times for order 1']]);
    });

    it('was made twice, under another token', () => {
      evidence.records.splice(3, 0, record('SongSubmitBegun', 'song.events', { attempt: 2, token: 'second' }));
      evidence.submits.push({ provider: 'suno', jobId: 'suno-2', token: 'second' });
      expect(found()).toEqual([['doubled', TASK, 'suno was paid 2 times for order 1']]);
    });

    it('was made a third time, or in place of another job', () => {
      const [second, third] = ['second', 'third'].map(token =>
        record('SongSubmitBegun', 'song.events', { attempt: 2, token, replaces: 'suno-1' }),
      ) as [Seen, Seen];
      evidence.records.splice(3, 0, second);
      evidence.submits.push({ provider: 'suno', jobId: 'suno-2', token: 'second' });
      expect(found()).toEqual([]);
      evidence.records.splice(4, 0, third);
      evidence.submits.push({ provider: 'suno', jobId: 'suno-3', token: 'third' });
      expect(found()).toEqual([['doubled', TASK, 'suno was paid 3 times for order 1']]);
      evidence.submits.pop();
      second.data.replaces = 'another job';
      expect(found()).toEqual([['doubled', TASK, 'suno was paid 2 times for order 1']]);
    });

    it('was not noted before', () => {
      evidence.submits.push({ provider: 'suno', jobId: 'suno-2', token: 'unknown' });
      expect(found()).toEqual([['untidy', '', 'suno took order suno-2, which nobody noted before']]);
    });

    it('is of unknown outcome although its callback was taken', () => {
      const failed = (ce_time: string) => record('SongFailed', 'song.events', { code: 'OUTCOME_UNKNOWN' }, { ce_time });
      const song = evidence.records.indexOf(film.song);
      evidence.inbox.get('gateway')?.add(`message-${messages + 1}`);
      evidence.records[song] = failed('2026-01-01T00:00:03.000Z');
      const told = ['lost', TASK, 'its song is of unknown outcome, but job suno-1 was called back'];
      expect(found()).toContainEqual(told);
      evidence.records[song] = failed('2026-01-01T00:00:00.500Z');
      expect(found()).not.toContainEqual(told);
    });

    it('no provider knows of, or no row', () => {
      rowOf('song').jobId = 'made-up';
      expect(found()).toEqual([['untidy', TASK, 'its song names job made-up, which no provider gave']]);
      rowOf('song').jobId = null;
      expect(found()).toEqual([['lost', TASK, 'its song 1 is done, but by no job']]);
    });
  });

  describe('reports a message that', () => {
    it('was never handled', () => {
      evidence.inbox.get('storage-service')?.delete(idOf(film.song));
      expect(found()).toEqual([
        ['lost', TASK, `storage-service never handled SongReady.v1 ${idOf(film.song)}`],
        ['untidy', TASK, `its asset comes from message ${idOf(film.song)}, which is not in the inbox`],
      ]);
    });

    it('was dead-lettered and nobody knows why', () => {
      const { topic: dl_topic, partition, offset: dl_offset } = film.filmFiles;
      const place = { dl_topic, dl_partition: String(partition), dl_offset, dl_reason: 'INVALID', dl_error: 'kind' };
      evidence.inbox.get('video-service')?.delete(idOf(film.filmFiles));
      evidence.records.push({ ...again(film.filmFiles), topic: 'castad.video-service.dead-letters', headers: place });
      expect(found()).toEqual([
        ['untidy', TASK, 'AssetStored.v1 lies in castad.video-service.dead-letters: INVALID, kind'],
      ]);
    });

    it('the gateway folded without noting it', () => {
      evidence.inbox.get('gateway')?.delete(idOf(film.lyric));
      expect(found()).toContainEqual([
        'untidy',
        TASK,
        `the gateway knows of event ${idOf(film.lyric)}, which is not in its inbox`,
      ]);
    });

    it('tells of what a row does not know, or tells it twice, or does not tell it', () => {
      rowOf('lyric').status = 'failed';
      expect(found()).toEqual([['lost', TASK, 'its lyric 1 is failed, but what was announced is LyricGenerated']]);
      rowOf('lyric').status = 'done';
      for (const service of Object.keys(handledBy)) evidence.inbox.get(service)?.add('another');
      evidence.records.push(again(film.lyric));
      expect(found()).toEqual([
        ['doubled', TASK, 'its lyric 1 is done and was announced 2 times: LyricGenerated, LyricGenerated'],
      ]);
      evidence.records = evidence.records.filter(({ type }) => type !== 'LyricGenerated.v1');
      expect(found()).toEqual([['lost', TASK, 'its lyric 1 is done, but what was announced is nothing']]);
    });

    it('came out of order', () => {
      without(film.songNote);
      evidence.records.push(film.songNote);
      expect(found()).toEqual([
        ['untidy', TASK, 'in castad.song.events, SongSubmitBegun.v1 of order 1 comes after SongReady.v1 of order 1'],
      ]);
    });
  });

  it('reports leases, due rows, unsent messages, temporary files and files nobody knows, or nobody has', () => {
    Object.assign(rowOf('song'), { leaseOwner: 'a worker', dueAt: new Date() });
    evidence.outbox.push({ service: 'gateway', taskId: TASK, topic: 'castad.task.events' });
    evidence.temporary.push('upload-1');
    evidence.blobs[0] = `${TASK}/other.mp3`;
    expect(found()).toEqual([
      ['untidy', TASK, 'its song is still leased by a worker'],
      ['untidy', TASK, 'its song 1 is still due (done)'],
      ['untidy', TASK, 'a message to castad.task.events is left in the outbox of gateway'],
      ['untidy', '', 'a temporary file is left: upload-1'],
      ['untidy', TASK, `nobody knows of the file ${TASK}/other.mp3`],
      ['untidy', TASK, `the file ${TASK}/song.mp3 is not there`],
    ]);
  });
});
