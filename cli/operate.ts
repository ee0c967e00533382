import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Databases } from '../sandbox/databases.ts';
import { Failure } from '../sandbox/failure.ts';
import { root } from '../sandbox/sandbox.ts';
import { runningParts } from '../sandbox/state.ts';
import { build } from './build.ts';
import { command } from './command.ts';

/** `npm run replay`, `dead-letters` and `rebuild`: what an operator runs from the images, here from the sources. */
await command(async () => {
  await build(console.error);
  const args = process.argv.slice(2);
  const isGateway = args[0] === 'rebuild' && args[1] === 'gateway';
  const file = isGateway ? 'apps/gateway/rebuild.js' : 'cli/operate/main.js';
  const env = { ...process.env, KAFKA_BROKERS: brokers(), ...(isGateway && { MYSQL_URL: database('gateway') }) };
  const rest = isGateway ? args.slice(2) : args;
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', join(root, 'dist', file), ...rest], {
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
});

function brokers(): string {
  return process.env.KAFKA_BROKERS || running('kafka').address;
}

/** As `npm start` understands it, MYSQL_URL is the whole server's. */
function database(service: string): string {
  return new Databases(process.env.MYSQL_URL || (running('mariadb').url ?? '')).url(service);
}

function running(name: string) {
  const part = runningParts(join(root, '.sandbox')).find(candidate => candidate.name === name);
  if (part) return part;
  throw new Failure(`No ${name} runs here.`, {
    next: 'start CASTAD with `npm start` and keep it running, or set KAFKA_BROKERS (and MYSQL_URL) to yours.',
  });
}
