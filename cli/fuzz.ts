import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Failure } from '../sandbox/failure.ts';
import { cached } from '../sandbox/infrastructure/cache.ts';
import { run } from '../sandbox/run.ts';
import { build } from './build.ts';
import { command } from './command.ts';

const VERSION = '4.32.5';

/** What an answer must be, whatever was sent. More is accepted than is documented: null stands for an absent property. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

/** Event streams never end, so a fuzzer would wait for their time-out each time. */
const STREAMS = '/events$';

/** `npm run fuzz [-- options of schemathesis]`: odd requests to every route of the API, with the whole system behind it. */
await command(async () => {
  process.env.SIM_MEDIA ??= 'tiny';
  await build(console.log);
  const packages = await cached(`schemathesis-${VERSION}`, async dir => install(dir));
  const isDone = await run({ log: console.log }, async ({ sandbox, system, stopping }) => {
    const args = [
      ...['-m', 'schemathesis.cli', 'run', `${system.gatewayUrl}/openapi.json`],
      ...['--checks', CHECKS.join(','), '--exclude-path-regex', STREAMS],
      ...['--request-timeout', '30', '--generation-database', 'none', '--continue-on-failure'],
      ...process.argv.slice(2),
    ];
    const fuzzer = spawn('python3', args, {
      env: { ...process.env, PYTHONPATH: packages },
      cwd: sandbox.dir,
      stdio: 'inherit',
    });
    stopping.addEventListener('abort', () => void fuzzer.kill());
    const [code] = (await once(fuzzer, 'exit')) as [number | null];
    if (code !== 0)
      throw new Failure('The API answered what it should not.', { next: 'run the `curl` that is shown.' });
  });
  if (!isDone) process.exitCode = 130;
});

function install(dir: string): void {
  const args = ['-m', 'pip', 'install', '--quiet', '--target', join(dir), `schemathesis==${VERSION}`];
  const { status } = spawnSync('python3', args, { stdio: 'inherit' });
  if (status !== 0)
    throw new Failure('Schemathesis could not be installed.', { next: 'install Python 3.10 or newer with pip.' });
}
