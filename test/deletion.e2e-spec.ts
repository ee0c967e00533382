import { deadLetterTopic, replayTopic, services, topics as allTopics } from '@castad/contracts';
import { blobNames, eventually, Rest } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import mysql from 'mysql2/promise';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { prepare } from '../sandbox/deployment.ts';
import { root } from '../sandbox/sandbox.ts';
import { startStudio, type ProjectView, type Studio } from './film.ts';

jest.setTimeout(180_000);

const SLOW_MS = 1_500;
const PATIENCE_MS = 60_000;

const endpoints = {
  openai: 'POST /v1/chat/completions',
  suno: 'POST /api/v1/generate',
  creatomate: 'POST /v2/renders',
};

/** What says that a project was deleted, and the keys of its requests, which last a day. */
const NOTES = ['deleted_task', 'cancellation', 'erasure', 'task_event', 'idempotency_key'];

describe('a deleted project', () => {
  let studio: Studio;
  let rest: Rest;

  beforeAll(async () => {
    studio = await startStudio({
      appEnv: {
        'song-service': { SUNO_POLL_MS: '500', SUNO_GRACE_MS: '3000' },
        'video-service': { CREATOMATE_POLL_MS: '500', CREATOMATE_GRACE_MS: '3000' },
        'storage-service': { STORAGE_COPY_TIMEOUT_MS: '5000' },
      },
    });
    rest = new Rest(studio.system.gatewayUrl);
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  const query = async <R = Record<string, unknown>>(sql: string, ...values: unknown[]): Promise<R[]> => {
    const connection = await mysql.createConnection({ uri: studio.sandbox.env.MYSQL_URL });
    try {
      const [rows] = await connection.query(sql, values);
      return rows as R[];
    } finally {
      await connection.end();
    }
  };
  const schemaOf = (service: string) => new URL(studio.sandbox.databaseUrl(service)).pathname.slice(1);

  /** The tables of any service that have something of the project. */
  const tablesWith = async (taskId: string) => {
    const tables = await query<{ place: string }>(
      `select concat(table_schema, '.', table_name) place from information_schema.columns
       where column_name = 'task_id' and table_schema in (?) order by place`,
      services.map(schemaOf),
    );
    expect(tables.length).toBeGreaterThan(15);
    const found = tables.map(async ({ place }) => {
      const rows = await query(`select 1 from ${place} where task_id = ? limit 1`, taskId);
      return rows.length > 0 ? [place] : [];
    });
    return (await Promise.all(found)).flat();
  };
  const blobs = async (taskId: string) => {
    const { AZURE_STORAGE_CONNECTION_STRING = '' } = studio.sandbox.env;
    return (await blobNames(AZURE_STORAGE_CONNECTION_STRING)).filter(name => name.includes(taskId));
  };
  const erase = async (taskId: string) =>
    expect((await rest.call('DELETE', `/v1/projects/${taskId}`)).status).toBe(204);
  const isErased = (taskId: string) =>
    eventually(async () => {
      const left = (await tablesWith(taskId)).filter(place => !NOTES.includes(place.split('.')[1] as string));
      expect([left, await blobs(taskId)]).toEqual([[], []]);
      const events = await query<{ type: string }>(
        `select type from ${schemaOf('gateway')}.task_event where task_id = ?`,
        taskId,
      );
      expect(events.map(({ type }) => type)).toEqual(['TaskDeleted.v1']);
      for (const service of services)
        expect(await query(`select 1 from ${schemaOf(service)}.deleted_task where task_id = ?`, taskId)).toHaveLength(
          1,
        );
      const sql = `select status from ${schemaOf('storage-service')}.erasure where task_id = ?`;
      expect(await query(sql, taskId)).toEqual([{ status: 'done' }]);
    }, PATIENCE_MS);
  const paid = async () => {
    const [lyrics, songs, films] = await Promise.all([
      studio.requests('openai', '?path=/v1/chat/completions'),
      studio.submits('suno'),
      studio.submits('creatomate'),
    ]);
    return [lyrics.count, songs.length, films.length];
  };
  const asked = (provider: keyof typeof endpoints) =>
    eventually(async () => {
      const [method, path] = endpoints[provider].split(' ');
      expect((await studio.requests(provider, `?path=${path}&method=${method}`)).count).toBeGreaterThan(0);
    });
  const noDeadLetters = async () => {
    for (const service of services) expect(await studio.topics.read(deadLetterTopic(service))).toEqual([]);
  };
  const photographed = async () => {
    const { body } = await rest.post<ProjectView>('/v1/projects', {
      businessName: 'Sea Breeze Stay',
      region: 'Gangneung',
      music: { durationSeconds: 10 },
      video: { formats: ['9:16', '1:1'] },
    });
    const { taskId } = body;
    const form = new FormData();
    for (const name of ['01', '02'])
      form.append('images', new Blob([await readFile(join(root, `examples/photos/${name}.jpg`))]), `${name}.jpg`);
    expect((await rest.call('POST', `/v1/projects/${taskId}/images`, { body: form })).status).toBe(201);
    await rest.post(`/v1/projects/${taskId}/run`);
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    return taskId;
  };
  const run = async (file: string, args: string[], env: Record<string, string> = {}) => {
    const { KAFKA_BROKERS } = studio.sandbox.env;
    await promisify(execFile)(process.execPath, [join(root, 'dist', file), ...args], {
      env: { PATH: process.env.PATH, KAFKA_BROKERS, ...env },
    });
  };
  const isRead = (service: string) =>
    eventually(async () => expect(await studio.topics.lag(service, replayTopic(service))).toBe(0), PATIENCE_MS);

  it('leaves no row and no file of a finished film, in any service, and another film as it is', async () => {
    const [taskId, other] = [await photographed(), await photographed()];
    const files = (await blobs(other)).length;
    expect([files > 6, (await blobs(taskId)).length]).toEqual([true, files]);
    await erase(taskId);
    await isErased(taskId);
    expect((await rest.get(`/v1/projects/${taskId}/video`)).status).toBe(410);
    expect(await blobs(other)).toHaveLength(files);
    expect((await rest.get(`/v1/projects/${other}/video`)).status).toBe(302);
    await noDeadLetters();
  });

  it.each([
    ['openai', [1, 0, 0]],
    ['suno', [1, 1, 0]],
    ['creatomate', [1, 1, 1]],
  ] as const)(
    'is paid for no further when it is deleted while %s works, and leaves nothing',
    async (provider, spent) => {
      await studio.fault(provider, { endpoint: endpoints[provider], kind: 'delay-response', ms: SLOW_MS, times: 1 });
      const taskId = await studio.order();
      await asked(provider);
      await erase(taskId);
      await isErased(taskId);
      expect(await paid()).toEqual(spent);
      // Whoever still waited for the provider has had its answer by now.
      const other = await studio.order();
      expect(await studio.ended(other)).toMatchObject({ status: 'completed' });
      await isErased(taskId);
      expect(await paid()).toEqual(spent.map(count => count + 1));
      await noDeadLetters();
    },
  );

  describe('is not brought back', () => {
    let taskId: string;
    let spent: number[];

    beforeAll(async () => {
      taskId = await studio.order();
      await studio.ended(taskId);
      const running = await studio.order();
      for (const id of [taskId, running]) {
        await erase(id);
        await isErased(id);
      }
    });
    beforeEach(async () => {
      spent = await paid();
    });

    it('by a forced replay of everything there is', async () => {
      const from = Object.values(allTopics).flatMap(({ name }) => ['--from-topic', name]);
      for (const service of services)
        await query(`delete from ${schemaOf(service)}.inbox`).then(() =>
          run('cli/operate/main.js', ['replay', '--to', service, ...from, '--force']),
        );
      for (const service of services) await isRead(service);
      await isErased(taskId);
      expect(await paid()).toEqual(spent);
      await noDeadLetters();
    });

    it.each(['song-service', 'storage-service'])('by a rebuild of %s after its database was lost', async service => {
      await studio.system.stopService(service);
      await query(`drop database ${schemaOf(service)}`);
      await prepare({ sandbox: studio.sandbox });
      await run('cli/operate/main.js', ['rebuild', service]);
      await studio.system.startService(service);
      await isRead(service);
      await isErased(taskId);
      expect(await paid()).toEqual(spent);
      await noDeadLetters();
    });

    it('by a rebuild of what clients see', async () => {
      await run('apps/gateway/rebuild.js', [], { MYSQL_URL: studio.sandbox.databaseUrl('gateway') });
      await isErased(taskId);
      expect((await rest.get(`/v1/projects/${taskId}`)).status).toBe(410);
    });
  });
});
