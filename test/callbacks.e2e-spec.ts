import { SongCalledBack } from '@castad/contracts';
import { eventually } from '@castad/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { startStudio, type Studio } from './film.ts';

jest.setTimeout(180_000);

const SLOW_MS = 1_500;
const LATE_MS = 5_000;

describe('callbacks', () => {
  let studio: Studio;

  beforeAll(async () => {
    const poll = '60000';
    studio = await startStudio({
      env: { LOG_LEVEL: 'trace' },
      appEnv: {
        'song-service': { SUNO_POLL_MS: poll, SUNO_GRACE_MS: poll },
        'video-service': { CREATOMATE_POLL_MS: poll, CREATOMATE_GRACE_MS: poll },
      },
    });
  });
  afterAll(() => studio?.close());
  beforeEach(() => studio.reset());

  const sql = async <R>(service: string, query: string, values: unknown[] = []): Promise<R[]> => {
    const connection = await createConnection({ uri: studio.sandbox.databaseUrl(service) });
    try {
      const [rows] = await connection.query(query, values);
      return rows as R[];
    } finally {
      await connection.end();
    }
  };
  const tokens = async () => {
    const rows = await Promise.all([
      sql<{ token: string }>('song-service', 'select token from song where token is not null'),
      sql<{ token: string }>('video-service', 'select token from video where token is not null'),
    ]);
    return rows.flat().map(({ token }) => token);
  };
  const logs = () => {
    const dir = join(studio.sandbox.dir, 'logs');
    return readdirSync(dir)
      .filter(name => /^(gateway|.*-service)-\d/.test(name))
      .map(name => readFileSync(join(dir, name), 'utf8'))
      .join('\n');
  };

  const paid = [
    { service: 'song-service', provider: 'suno', endpoint: 'POST /api/v1/generate', path: '/api/v1/generate' },
    { service: 'video-service', provider: 'creatomate', endpoint: 'POST /v2/renders', path: '/v2/renders' },
  ] as const;

  it.each(paid)('reach $service although it was dead when they came', async ({ service, provider, endpoint, path }) => {
    await studio.fault(provider, { endpoint, kind: 'delay-response', ms: SLOW_MS, times: 1 });
    await studio.fault(provider, { endpoint, kind: 'callbacks-late', ms: LATE_MS, times: 1 });
    const taskId = await studio.order();
    await eventually(async () => {
      const { count } = await studio.requests(provider, `?path=${path}&method=POST`);
      expect(count).toBe(1);
    });
    await studio.system.kill(service, 'SIGKILL');
    await studio.system.stopService(service);
    await eventually(async () => {
      const answers = (await studio.callbacks(provider)).map(({ status }) => status);
      expect(answers).toContain(200);
    });
    await studio.system.startService(service);

    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    expect(await studio.submits(provider)).toHaveLength(1);
  });

  it('that come again and again are handled once', async () => {
    await studio.fault('suno', { endpoint: '*', kind: 'callbacks-doubled' });
    const taskId = await studio.order();
    expect(await studio.ended(taskId)).toMatchObject({ status: 'completed' });
    const records = (await studio.topics.read(SongCalledBack.topic)).filter(({ key }) => key === taskId);
    const ids = new Set(records.map(({ headers }) => String(headers.ce_id)));
    expect(records.length).toBeGreaterThan(ids.size);
    const handled = await sql('song-service', 'select id from inbox where id in (?)', [[...ids]]);
    expect(handled).toHaveLength(ids.size);
  });

  it('leave no token in any log, whatever is asked and however it is answered', async () => {
    const taskId = await studio.order();
    await studio.ended(taskId);
    const known = await tokens();
    expect(known.length).toBeGreaterThan(1);
    const [token = ''] = known;
    const body = JSON.stringify({ data: { task_id: 'job' } });
    for (const { url } of studio.system.services) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
        for (const path of [
          `/callbacks/suno/${taskId}/${token}`,
          `/callbacks/suno/${token}`,
          `/callback/suno/${token}`,
          `//callbacks/suno/${taskId}/${token}?token=${token}`,
          `/v1/projects/${token}`,
          `/callbacks/suno/${taskId}/${token}%zz`,
        ])
          await fetch(url + path, { method, ...(method === 'POST' && { body }) }).then(answer => answer.text());
    }
    const told = logs();
    expect(told).toContain('"level":"debug"');
    for (const secret of known) expect(told).not.toContain(secret);
  });
});
