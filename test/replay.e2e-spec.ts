import { deadLetterTopic, GenerateSong, replayTopic, services, topics } from '@castad/contracts';
import { aPlan, aSongReady, eventually } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import mysql from 'mysql2/promise';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { prepare } from '../sandbox/deployment.ts';
import { root } from '../sandbox/sandbox.ts';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(180_000);

const FILMS = 10;

/** Songs take long enough for something to happen meanwhile. */
const SONG_MS = 2_000;

const events = Object.values(topics).map(({ name }) => name);

let studio: Studio;
let taskIds: string[];

beforeAll(async () => {
  studio = await startStudio({ appEnv: { 'song-service': { SUNO_POLL_MS: '500', SUNO_GRACE_MS: '20000' } } });
});

afterAll(() => studio?.close());

/** Runs what an operator runs. */
const run = async (file: string, args: string[], env: Record<string, string> = {}): Promise<string> => {
  const { KAFKA_BROKERS } = studio.sandbox.env;
  const command = [join(root, 'dist', file), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, {
    env: { PATH: process.env.PATH, KAFKA_BROKERS, ...env },
  });
  return stdout.trim();
};

const operate = (...args: string[]) => run('cli/operate/main.js', args);

const schemaOf = (service: string) => new URL(studio.sandbox.databaseUrl(service)).pathname.slice(1);

const query = async <R = Record<string, unknown>>(sql: string, ...values: unknown[]): Promise<R[]> => {
  const uri = studio.sandbox.env.MYSQL_URL as string;
  const connection = await mysql.createConnection({ uri, jsonStrings: true, dateStrings: true });
  try {
    const [rows] = await connection.query(sql, values);
    return rows as R[];
  } finally {
    await connection.end();
  }
};

const tables = {
  gateway: ['project', 'task_order', 'stage_attempt', 'task_event'],
  'lyric-service': ['lyric', 'cancellation'],
  'song-service': ['song', 'cancellation'],
  'video-service': ['video', 'cancellation'],
  'storage-service': ['asset', 'cancellation'],
};

/** Everything that is true, to the last byte. The place of an event in the feed is when it was written. */
const truth = async (...names: (keyof typeof tables)[]): Promise<Record<string, string[]>> => {
  const all: Record<string, string[]> = {};
  for (const service of names)
    for (const table of tables[service]) {
      const rows = await query(`select * from ${schemaOf(service)}.${table}`);
      // What is folded once more is told once more: places and versions are newer then.
      const placeless = { position: undefined, version: undefined };
      all[`${service} ${table}`] = rows.map(row => JSON.stringify({ ...row, ...placeless })).sort();
    }
  return all;
};

const calls = async () => {
  const logs = await Promise.all((['openai', 'suno', 'creatomate'] as const).map(name => studio.requests(name)));
  return logs.map(({ count }) => count);
};

const isRead = (service: string) =>
  eventually(async () => expect(await studio.topics.lag(service, replayTopic(service))).toBe(0), 60_000);

/** What was announced has reached everybody. */
const isQuiet = () =>
  eventually(async () => {
    for (const service of services)
      expect(await query(`select 1 from ${schemaOf(service)}.outbox limit 1`)).toEqual([]);
    for (const topic of [topics.songEvents, topics.videoEvents, topics.storageEvents])
      expect(await studio.topics.lag('gateway', topic.name)).toBe(0);
  }, 60_000);

describe('a database that is lost in the middle of ten films', () => {
  it('is made again from the events, and no song is paid for twice', async () => {
    await studio.fault('suno', { endpoint: '*', kind: 'callbacks-late', ms: SONG_MS });
    taskIds = await Promise.all(Array.from({ length: FILMS }, () => studio.order()));
    await eventually(async () => expect((await studio.submits('suno')).length).toBeGreaterThan(FILMS / 2), 60_000);

    await query(`drop database ${schemaOf('song-service')}`);
    await expect(operate('rebuild', 'song-service')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('What to do: stop all its processes'),
    });
    await studio.system.stopService('song-service');
    await prepare({ sandbox: studio.sandbox });
    expect(await operate('rebuild', 'song-service')).toMatch(/^\d+ records copied to castad\.song-service\.replay/);
    await studio.calm();
    await studio.system.startService('song-service');

    const projects = await Promise.all(taskIds.map(taskId => studio.ended(taskId, 90_000)));
    const ends = projects.map(({ status, error }) => error?.code ?? status);
    expect(ends.filter(end => end !== 'completed' && end !== 'OUTCOME_UNKNOWN')).toEqual([]);
    expect(ends).toContain('completed');
    expect((await studio.submits('suno')).length).toBeLessThanOrEqual(FILMS);
    expect((await studio.submits('creatomate')).length).toBe(ends.filter(end => end === 'completed').length);
    for (const service of services) expect(await studio.topics.read(deadLetterTopic(service))).toEqual([]);
  });
});

describe('what is replayed', () => {
  it('changes nothing and calls nobody, even when nothing is known of what was handled', async () => {
    const several = await studio.order({ video: { formats: ['9:16', '1:1'] } });
    expect(await studio.ended(several)).toMatchObject({ status: 'completed' });
    const chosen = await studio.order({ stopAfter: 'lyric', drafts: 3 });
    expect(await studio.ended(chosen)).toMatchObject({ status: 'waiting' });
    await studio.api(`/v1/projects/${several}/video`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ preview: true }),
    });
    expect(await studio.ended(several)).toMatchObject({ status: 'waiting' });
    await isQuiet();
    const [before, called] = [await truth(...services), await calls()];
    for (const service of services) await query(`delete from ${schemaOf(service)}.inbox`);

    const from = events.flatMap(topic => ['--from-topic', topic]);
    for (const service of services)
      expect(await operate('replay', '--to', service, ...from, '--force')).toMatch(/^\d+ records copied to /);
    for (const service of services) await isRead(service);
    await isQuiet();

    expect(await truth(...services)).toEqual(before);
    expect(await calls()).toEqual(called);
  });

  it('can be looked at before, and is refused when it makes no sense', async () => {
    const [taskId = ''] = taskIds;
    const order = ['--to', 'video-service', '--from-topic', 'castad.song.events', '--task', taskId];
    expect(await operate('replay', ...order, '--type', 'SongReady', '--dry-run')).toBe(
      '1 record would be copied to castad.video-service.replay',
    );
    for (const [wrong, said] of [
      [['replay', '--to', 'radio-service'], 'There is no service radio-service.'],
      [['replay', '--to', 'video-service', '--from-topic', 'castad.radio'], 'There is no topic castad.radio.'],
      [['replay', ...order, '--type', 'SongSold'], 'There is no message SongSold.'],
      [['replay', ...order, '--since', 'noon'], 'noon is not a time.'],
      [['replay', ...order, '--fast'], "Unknown option '--fast'"],
      [['dead-letters', 'redrive', '--of', 'song-service'], 'Which dead letters: name them, or say --all.'],
    ] as [string[], string][])
      await expect(operate(...wrong)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
    await expect(
      run('cli/operate/main.js', ['replay', ...order], { KAFKA_BROKERS: '127.0.0.1:9' }),
    ).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/No broker answers at 127\.0\.0\.1:9\.\n\nWhat to do: check KAFKA_BROKERS/),
    });
  });
});

describe('dead letters', () => {
  it('are listed, shown, redriven and discarded', async () => {
    const [taskId = ''] = taskIds;
    const headers = {
      ce_id: crypto.randomUUID(),
      ce_type: GenerateSong.type,
      ce_subject: taskId,
      ce_time: '2026-01-01',
    };
    await studio.topics.sendRaw(GenerateSong.topic, [{ key: taskId, value: '{"a poison": 1}', headers }]);
    const list = async () => {
      const lines = await operate('dead-letters', 'list', '--of', 'song-service', '--task', taskId);
      return lines === '' ? [] : lines.split('\n');
    };
    const [line = ''] = await eventually(async () => {
      const lines = await list();
      expect(lines).toHaveLength(1);
      return lines;
    }, 60_000);
    expect(line).toContain(`${GenerateSong.type}  ${taskId}  INVALID  ${GenerateSong.topic}/`);
    const id = line.split(' ')[0] as string;
    expect(await operate('dead-letters', 'show', id, '--of', 'song-service')).toContain('{"a poison": 1}');

    expect(await operate('dead-letters', 'redrive', id, '--of', 'song-service')).toBe('1 dead letter redriven');
    const again = await eventually(async () => {
      const lines = await list();
      expect(lines.map(each => each.split(' ')[0])).not.toContain(id);
      expect(lines).toHaveLength(1);
      return lines[0] as string;
    }, 60_000);
    expect(again).toContain(replayTopic('song-service'));
    const others = ['--of', 'song-service', '--reason', 'INVALID', '--task', taskId];
    expect(await operate('dead-letters', 'discard', ...others, '--dry-run')).toBe('1 dead letter would be discarded');
    expect(await operate('dead-letters', 'discard', ...others)).toBe('1 dead letter discarded');
    expect(await list()).toEqual([]);
  });
});

describe('a service that is added later', () => {
  it('reads what happened before it and spends nothing for it', async () => {
    const over = aPlan({ deadline: new Date(Date.now() - 60_000).toISOString() });
    const songs = Array.from({ length: 20 }, () => aSongReady({ plan: over }));
    await studio.system.stopService('video-service');
    const admin = studio.topics.kafka.admin();
    await admin.connect();
    await admin.deleteGroups(['video-service']).finally(() => admin.disconnect());
    const before = await calls();
    await studio.topics.send(songs);

    await studio.system.startService('video-service');

    const ids = songs.map(({ taskId }) => taskId);
    await eventually(async () => {
      const rows = await query(`select status from ${schemaOf('video-service')}.video where task_id in (?)`, ids);
      expect(rows).toEqual(ids.map(() => ({ status: 'expired' })));
    }, 60_000);
    expect(await calls()).toEqual(before);
  });
});

describe('what clients see', () => {
  it('is made again from nothing while it is asked for, the same to the last byte', async () => {
    await studio.system.stopService('lyric-service');
    const unheard = await studio.order();
    await isQuiet();
    const before = await truth('gateway');
    expect(before['gateway stage_attempt']).not.toEqual([]);
    const schema = schemaOf('gateway');
    const asking = ask();

    await query(`delete from ${schema}.stage_attempt`);
    await query(`delete from ${schema}.task_event`);
    const env = { MYSQL_URL: studio.sandbox.databaseUrl('gateway') };
    expect(await run('apps/gateway/rebuild.js', [], env)).toMatch(/^rebuilt from \d+ events/);
    expect(await truth('gateway')).toEqual(before);
    expect(await run('apps/gateway/rebuild.js', [], env)).toMatch(/^rebuilt from \d+ events/);

    expect(await truth('gateway')).toEqual(before);
    const times = await timesInFeed();
    expect(times.length).toBeGreaterThan(0);
    expect(times).toEqual(times.toSorted());
    const answers = await asking.stop();
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.filter(status => status !== 200)).toEqual([]);
    await studio.system.startService('lyric-service');
    expect(await studio.ended(unheard)).toMatchObject({ status: 'completed' });
  });

  /** When the events of one film were announced, in the order in which clients are told of them. */
  const timesInFeed = async () => {
    const sql = `select time from ${schemaOf('gateway')}.task_event where task_id = ? order by position`;
    return (await query<{ time: string }>(sql, taskIds[0])).map(({ time }) => time);
  };

  /** Asks for one film after the other. */
  function ask(): { stop: () => Promise<number[]> } {
    let isAsking = true;
    const asked = (async () => {
      const answers: number[] = [];
      for (let i = 0; isAsking; i++) {
        answers.push((await studio.api(`/v1/projects/${taskIds[i % FILMS]}`)).status);
        await delay(20);
      }
      return answers;
    })();
    return {
      stop: () => {
        isAsking = false;
        return asked;
      },
    };
  }
});
