import { topics } from '@castad/contracts';
import { eventually } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import mysql, { type Connection } from 'mysql2/promise';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(120_000);

const FILMS = 100;
const PORTRAIT = '7c1f0a52-9a16-4c1e-8a51-09160916c0de';
const SOCKETS = 5;
const COPIES = 5;
const databases = ['castad_gateway', 'castad_lyric', 'castad_song', 'castad_video', 'castad_storage'];
const tables = ['project', 'lyric', 'song', 'video', 'asset'];

describe('the limits of a system with two video-services', () => {
  let studio: Studio;
  let server: Connection;

  beforeAll(async () => {
    const appEnv = {
      'song-service': { SUNO_POLL_MS: '2000' },
      'video-service': { CREATOMATE_POLL_MS: '2000' },
      'storage-service': { HTTP_MAX_SOCKETS: '50', STORAGE_COPY_CONCURRENCY: String(COPIES) },
    };
    studio = await startStudio({
      instances: { 'video-service': 2 },
      env: { HTTP_MAX_SOCKETS: String(SOCKETS) },
      appEnv,
    });
    server = await mysql.createConnection({ uri: studio.sandbox.env.MYSQL_URL, multipleStatements: true });
  });
  afterAll(async () => {
    await server?.end();
    await studio?.close();
  });

  const listed = async (status: string) => {
    const page = await (await studio.api(`/v1/projects?limit=100&status=${status}`)).json();
    return (page as { projects: { taskId: string }[] }).projects.map(({ taskId }) => taskId);
  };
  const films = async (count: number) => {
    const taskIds = await Promise.all(Array.from({ length: count }, () => studio.order()));
    await eventually(async () => expect(await listed('processing')).toEqual([]), 100_000);
    expect(await listed('completed')).toEqual(expect.arrayContaining(taskIds));
  };

  it('let 100 films ask for their template once, restarts included, over no more connections than the pools hold', async () => {
    await studio.fault('openai', { endpoint: 'POST /v1/chat/completions', kind: 'delay', ms: 100 });
    await studio.fault('suno', { endpoint: 'POST /api/v1/generate', kind: 'delay', ms: 300 });
    await studio.fault('creatomate', { endpoint: 'POST /v2/renders', kind: 'delay', ms: 200 });
    await films(FILMS / 2);
    for (const instance of [1, 2]) {
      await studio.system.stopService('video-service', instance);
      await studio.system.startService('video-service', instance);
    }
    await films(FILMS / 2);

    expect((await studio.requests('creatomate', `?path=/v2/templates/${PORTRAIT}&count=true`)).count).toBe(1);
    expect(await studio.submits('suno')).toHaveLength(FILMS);
    expect(await studio.submits('creatomate')).toHaveLength(FILMS);
    for (const [provider, most] of [
      ['openai', SOCKETS],
      ['suno', SOCKETS],
      ['creatomate', 2 * SOCKETS],
    ] as const) {
      const { connections } = await studio.requests(provider, '?count=true');
      expect(connections.maxOpen).toBeGreaterThan(1);
      expect(connections.maxOpen).toBeLessThanOrEqual(most);
    }
  });

  it('ask the database for a list of a hundred as often as for a list of one', async () => {
    const asked = async (path: string) => {
      await server.query(
        "set global log_output = 'TABLE'; set global general_log = off; truncate mysql.general_log; set global general_log = on",
      );
      const page = (await (await studio.api(path)).json()) as Record<string, unknown[]>;
      await server.query('set global general_log = off');
      const [rows] = await server.query(
        `select convert(argument using utf8mb4) as statement from mysql.general_log
         where user_host like 'castad_gateway%' and command_type in ('Query', 'Execute')
         and argument regexp 'project|stage|task_order' and argument not regexp 'due_at|for update'`,
      );
      return { length: (page.projects ?? page.videos)?.length, statements: (rows as unknown[]).length };
    };
    // What the gateway still hears of the films would be counted as well.
    await eventually(async () => {
      for (const { name } of Object.values(topics).filter(topic => topic.name.endsWith('.events')))
        expect(await studio.topics.lag('gateway', name)).toBe(0);
    });
    for (const [path, statements] of [
      ['/v1/projects?limit=', 4],
      ['/v1/videos?limit=', 2],
    ] as const) {
      expect(await asked(`${path}1`)).toEqual({ length: 1, statements });
      expect(await asked(`${path}100`)).toEqual({ length: 100, statements });
    }
  });

  it('copy no more files at once than they were told', async () => {
    await studio.reset();
    for (const provider of ['suno', 'creatomate'] as const)
      await studio.fault(provider, { endpoint: 'GET /media/*', kind: 'delay', ms: 300 });
    await films(12);
    for (const provider of ['suno', 'creatomate'] as const) {
      const { media } = (await studio.requests(provider, '?count=true')).connections;
      expect(media.maxOpen).toBeGreaterThan(1);
      expect(media.maxOpen).toBeLessThanOrEqual(COPIES);
    }
  });

  describe("of a service's database user", () => {
    const as = async <T>(
      role: 'run' | 'migrate',
      service: string,
      use: (connection: Connection) => Promise<T>,
    ): Promise<T> => {
      const connection = await mysql.createConnection(studio.sandbox.databaseUrl(service, role));
      return use(connection).finally(() => connection.end());
    };
    const names = databases
      .map(name => name.replace('castad_', ''))
      .map(name => (name === 'gateway' ? name : `${name}-service`));

    it.each(names.map((service, i) => [service, i] as const))(
      '%s: its own rows, no tables, nobody else’s',
      async (service, own) => {
        for (const role of ['run', 'migrate'] as const) {
          await as(role, service, async connection => {
            await expect(connection.query(`select 1 from ${tables[own]} limit 1`)).resolves.toBeDefined();
            for (const [i, database] of databases.entries()) {
              if (i === own) continue;
              for (const sql of [
                `select 1 from ${database}.${tables[i]}`,
                `update ${database}.${tables[i]} set task_id = ''`,
                `delete from ${database}.inbox`,
                `use ${database}`,
                `create table ${database}.mine (id int)`,
              ])
                await expect(connection.query(sql)).rejects.toThrow(/denied/);
            }
            const [visible] = await connection.query('show databases');
            expect((visible as { Database: string }[]).map(row => row.Database).sort()).toEqual(
              [databases[own], 'information_schema'].sort(),
            );
          });
        }
        await as('run', service, async connection => {
          for (const sql of [
            `drop table ${tables[own]}`,
            'create table mine (id int)',
            `alter table ${tables[own]} add extra int`,
          ])
            await expect(connection.query(sql)).rejects.toThrow(/denied/);
        });
      },
    );
  });
});
