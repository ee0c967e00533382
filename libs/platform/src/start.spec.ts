import { expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..', '..', '..');
const service = [
  '--import',
  join(root, 'libs/testing/src/swc-hooks.js'),
  join(root, 'libs/platform/test/crash.main.ts'),
];
const env = (changes: Record<string, string>) => ({
  ...process.env,
  HOST: '127.0.0.1',
  PORT: '0',
  KAFKA_BROKERS: 'one:9092',
  MYSQL_URL: 'mysql://castad_song:s3cret-word@127.0.0.1:9/castad_song',
  ...changes,
});

it.each([
  ['rejection', 'unhandledRejection'],
  ['exception', 'uncaughtException'],
])(
  'a service ends by a %s that nobody caught with a line in the log, and no secret in it',
  (kind, event) => {
    const { status, stdout } = spawnSync(process.execPath, service, { encoding: 'utf8', env: env({ CRASH: kind }) });

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

it('a service that is asked to stop again and again ends as one that is asked once', async () => {
  const child = spawn(process.execPath, service, { env: env({}), stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) if (line.includes('"msg":"started"')) break;
  child.stdout.resume();

  const again = setInterval(() => child.kill('SIGTERM'), 1);
  expect(await exited.finally(() => clearInterval(again))).toEqual([0, null]);
}, 30_000);
