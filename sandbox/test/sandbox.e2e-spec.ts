import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { services } from '../databases.ts';
import { accepts } from '../probes.ts';
import { startSandbox, startSystem, type Sandbox, type System } from '../system.ts';
import type { PartState } from '../state.ts';
import { eventually } from '../eventually.ts';
import { isAlive } from './alive.ts';

const migrate = `console.log('migrated', process.env.MYSQL_URL);`;
const topics = `console.log('topics', process.env.KAFKA_BROKERS, process.env.TOPIC_REPLICATION, process.env.TOPIC_MIN_INSYNC);`;
const service = `
  import { createServer } from 'node:http';
  createServer((request, response) => {
    if (request.url === '/crash') process.exit(1);
    response.end(JSON.stringify(process.env));
  }).listen(process.env.PORT, process.env.HOST);
`;

describe('a sandbox and its system', () => {
  const dir = mkdtempSync(join(tmpdir(), 'castad-sandbox-'));
  const dist = join(dir, 'dist');
  const lines: string[] = [];
  let sandbox: Sandbox;
  let system: System;

  const write = (file: string, text: string) => {
    mkdirSync(join(dist, file, '..'), { recursive: true });
    writeFileSync(join(dist, file), text);
  };
  const logOf = (name: string) => readFileSync(sandbox.tree.logFile(name), 'utf8');
  const state = () => {
    const { parts } = JSON.parse(readFileSync(join(sandbox.dir, 'state.json'), 'utf8')) as { parts: PartState[] };
    return new Map(parts.map(part => [part.name, part]));
  };
  const environmentOf = async (name: string) => {
    const { url } = system.services.find(member => member.name === name) ?? { url: '' };
    return (await (await fetch(url)).json()) as Record<string, string>;
  };
  const asUser = async (url: string, sql: string) => {
    const connection = await mysql.createConnection(url);
    try {
      return await connection.query(sql);
    } finally {
      await connection.end();
    }
  };

  beforeAll(async () => {
    write('package.json', '{"type": "module"}');
    write('cli/topics/main.js', topics);
    for (const name of services) {
      write(`apps/${name}/migrate.js`, migrate);
      write(`apps/${name}/main.js`, service);
    }
    sandbox = await startSandbox({ dir: join(dir, 'sandbox'), env: {}, log: line => lines.push(line) });
    system = await startSystem({
      sandbox,
      dist,
      instances: { 'song-service': 2 },
      env: { LOG_LEVEL: 'warn' },
      appEnv: { 'song-service': { SUNO_POLL_MS: '100' } },
    });
  }, 180_000);

  afterAll(async () => {
    await system?.stop();
    await sandbox?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  it('says of every part its name, address, process and log', () => {
    const parts = state();
    expect([...parts.keys()].sort()).toEqual([
      ...['azurite', 'creatomate', 'gateway-1', 'kafka', 'lyric-service-1', 'mariadb', 'openai'],
      ...['song-service-1', 'song-service-2', 'storage-service-1', 'suno', 'video-service-1'],
    ]);
    expect([...parts.values()].every(part => isAlive(part.pid ?? 0) && part.address && part.log)).toBe(true);
    expect(parts.get('mariadb')?.url).toBe(sandbox.env.MYSQL_URL);
  });

  it('migrates with the user that may, and makes topics for a single broker', () => {
    expect(logOf('migrate-song-service')).toBe(`migrated ${sandbox.databaseUrl('song-service', 'migrate')}\n`);
    expect(logOf('topics')).toBe(`topics ${sandbox.env.KAFKA_BROKERS} 1 1\n`);
  });

  it('gives a service its own database user, and no other reads its tables', async () => {
    const [own, other] = [sandbox.databaseUrl('song-service'), sandbox.databaseUrl('video-service')];
    await asUser(sandbox.databaseUrl('song-service', 'migrate'), 'create table song (id int primary key)');
    await asUser(own, 'insert into song values (1)');
    await expect(asUser(own, 'drop table song')).rejects.toThrow(/denied/);
    await expect(asUser(other, 'select * from castad_song.song')).rejects.toThrow(/denied/);
  });

  it('keeps systems with different prefixes apart on one server', async () => {
    await sandbox.createDatabases('other_');
    await asUser(sandbox.databaseUrl('song-service', 'migrate', 'other_'), 'create table song (id int primary key)');
    await expect(asUser(sandbox.databaseUrl('song-service'), 'select * from other_castad_song.song')).rejects.toThrow(
      /denied/,
    );
  });

  it('gives every service what it needs, and none the keys of another', async () => {
    const song = await environmentOf('song-service');
    expect(song).toMatchObject({
      KAFKA_BROKERS: sandbox.env.KAFKA_BROKERS,
      MYSQL_URL: sandbox.databaseUrl('song-service'),
      SUNO_BASE_URL: sandbox.env.SUNO_BASE_URL,
      SUNO_POLL_MS: '100',
      LOG_LEVEL: 'warn',
    });
    expect(Object.keys(song).filter(name => /^(OPENAI|CREATOMATE|AZURE)/.test(name))).toEqual([]);
    const [gateway, storage, video] = await Promise.all(
      ['gateway', 'storage-service', 'video-service'].map(environmentOf),
    );
    const callbacks = { PUBLIC_URL: `http://127.0.0.1:${gateway?.PORT}` };
    expect([song, video]).toMatchObject([callbacks, callbacks]);
    expect(video).toMatchObject({ STORAGE_URL: `http://127.0.0.1:${storage?.PORT}` });
    expect(gateway).toMatchObject({ VIDEO_URL: `http://127.0.0.1:${video?.PORT}` });
    expect(video).not.toHaveProperty('SUNO_POLL_MS');
    expect([gateway?.INTERNAL_SECRET, video?.INTERNAL_SECRET]).toEqual(Array(2).fill(storage?.INTERNAL_SECRET));
  });

  it('starts a service again where it was, and keeps the state file true', async () => {
    const before = state().get('gateway-1');
    await fetch(`${system.gatewayUrl}/crash`).catch(() => {});
    await eventually(() =>
      expect(lines).toContainEqual(expect.stringMatching(/^gateway-1 ended \(exit code 1\); starting it again/)),
    );
    await system.waitReady('gateway');
    const after = state().get('gateway-1');
    expect(after).toMatchObject({ address: before?.address, pid: system.services[0]?.pid });
    expect(after?.pid).not.toBe(before?.pid);
  });

  it('stops and starts one instance alone', async () => {
    await system.stopService('song-service', 2);
    expect(system.services.filter(member => !member.pid)).toMatchObject([{ name: 'song-service', instance: 2 }]);
    await system.startService('song-service', 2);
    expect(system.services.every(member => member.pid)).toBe(true);
  });

  it.each(['kafka', 'mariadb', 'azurite'])(
    'brings %s back after a crash',
    async name => {
      const part = sandbox.parts.find(candidate => candidate.name === name);
      await part?.kill('SIGKILL');
      await part?.waitReady();
      expect(isAlive(part?.pid ?? 0)).toBe(true);
    },
    30_000,
  );

  it('starts nothing that the environment names', async () => {
    const beside = await startSandbox({
      dir: join(dir, 'beside'),
      env: { ...sandbox.env, MYSQL_URL: sandbox.env.MYSQL_URL },
    });
    expect(beside.parts).toEqual([]);
    // Only stand-ins of its own need files from inside.
    const { FETCH_PRIVATE_HOSTS, ...named } = sandbox.env;
    expect(FETCH_PRIVATE_HOSTS).toBe('127.0.0.1');
    expect(beside.env).toEqual(named);
    expect(beside.databaseUrl('gateway')).toBe(sandbox.databaseUrl('gateway'));
    await beside.stop();
  });

  it('shows why a service does not start, and stops the others', async () => {
    write('apps/broken/migrate.js', migrate);
    write('apps/broken/main.js', `console.error('KAFKA_BROKERS is missing'); process.exit(1);`);
    await expect(startSystem({ sandbox, dist, apps: ['lyric-service', 'broken'] })).rejects.toThrow(
      /^broken-1 ended before it was ready \(exit code 1\)[^]*KAFKA_BROKERS is missing[^]*What to do: /,
    );
    await expect(startSystem({ sandbox, dist, apps: ['absent'] })).rejects.toThrow(/^Not built: apps\/absent\/main.js/);
  });

  it('stops everything', async () => {
    const pids = [...state().values()].map(part => part.pid ?? 0);
    await system.stop();
    await sandbox.stop();
    expect(pids.some(isAlive)).toBe(false);
    await expect(accepts(sandbox.env.KAFKA_BROKERS ?? '')).rejects.toThrow('ECONNREFUSED');
  }, 60_000);
});
