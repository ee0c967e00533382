import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..', '..');

it('writes JSON lines without secrets, whatever brought them there', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', join(root, 'libs/testing/src/swc-hooks.js'), join(root, 'libs/platform/test/logs.main.ts')],
    {
      env: {
        ...process.env,
        KAFKA_BROKERS: 'one:9092',
        MYSQL_URL: 'mysql://castad_song:s3cret-word@127.0.0.1:3306/castad_song',
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_USERNAME: 'castad',
        KAFKA_PASSWORD: 'sk-0123456789',
      },
    },
  );

  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ msg }) => msg === 'asked')).toMatchObject({
    level: 'info',
    service: 'singer',
    context: 'test',
    taskId: 'task-1',
    url: 'http://sing.test/?key=[redacted]',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  });
  expect(lines.find(({ msg }) => msg === 'line one\nline two')).toMatchObject({
    link: 'https://store.test/film.mp4?sv=2025&sig=[redacted]&se=2030',
  });
  expect(lines.find(({ level }) => level === 'error')).toMatchObject({
    error: 'cannot connect to mysql://castad_song:[redacted]@127.0.0.1:3306/castad_song',
  });
  expect(stdout).not.toMatch(/sk-0123456789|s3cret-word|other-token|c2lnbmF0dXJl/);
}, 20_000);
