import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

it.each([
  ['rejection', 'unhandledRejection'],
  ['exception', 'uncaughtException'],
])(
  'a service ends by a %s that nobody caught with a line in the log, and no secret in it',
  (kind, event) => {
    const main = join(root, 'libs/platform/test/crash.main.ts');
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', join(root, 'libs/testing/src/swc-hooks.js'), main],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          CRASH: kind,
          HOST: '127.0.0.1',
          PORT: '0',
          KAFKA_BROKERS: 'one:9092',
          MYSQL_URL: 'mysql://castad_song:s3cret-word@127.0.0.1:9/castad_song',
        },
      },
    );

    expect(status).toBe(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ level }) => level === 'fatal')).toMatchObject({
      service: 'singer',
      msg: event,
      error: expect.stringContaining('lost mysql://castad_song:[redacted]@127.0.0.1:9'),
    });
    expect(stdout).not.toContain('s3cret-word');
  },
  30_000,
);
