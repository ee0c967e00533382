import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { services } from './databases.ts';
import { cacheDir } from './infrastructure/cache.ts';
import { freePort } from './ports.ts';
import { root, type Sandbox } from './sandbox.ts';
import { Failure } from './failure.ts';

export interface Deployment {
  sandbox: Sandbox;
  /** All five when not given. */
  apps?: string[];
  /** How many of each service; one when not given. */
  instances?: Record<string, number>;
  /** For every service. */
  env?: Record<string, string>;
  /** For one service. */
  appEnv?: Record<string, Record<string, string>>;
  /** Of the first gateway; the other services take the next ones, where they are free. */
  port?: number;
  /** Of the databases, to tell systems on one server apart. */
  prefix?: string;
  /** Where the built services are. */
  dist?: string;
}

/** One process of a service, before it runs. */
export interface Place {
  name: string;
  instance: number;
  port: number;
  url: string;
}

/** The variables of the outside world that one service alone may see. */
const owned: Record<string, string[]> = {
  'lyric-service': ['OPENAI_BASE_URL', 'OPENAI_API_KEY'],
  'song-service': ['SUNO_BASE_URL', 'SUNO_API_KEY'],
  'video-service': ['CREATOMATE_BASE_URL', 'CREATOMATE_API_KEY', 'CREATOMATE_TEMPLATES'],
  'storage-service': ['AZURE_STORAGE_CONNECTION_STRING', 'AZURE_STORAGE_ACCOUNT', 'AZURE_CLIENT_SECRET'],
};

/** How Node runs a service, here and in its image (Dockerfile): see docs/operations.md. */
export const serviceFlags = ['--enable-source-maps', '--max-semi-space-size=16'];

export const next = 'read the log above; if the code changed since the last build, run `npx nest build --all`.';

export function appsOf({ apps = [...services] }: Deployment): string[] {
  return apps;
}

export function built({ dist = join(root, 'dist') }: Deployment, file: string): string {
  return join(dist, file);
}

export function checkBuild(deployment: Deployment) {
  const ofApps = appsOf(deployment).flatMap(name => [`apps/${name}/main.js`, `apps/${name}/migrate.js`]);
  const missing = ['cli/topics/main.js', ...ofApps].filter(file => !existsSync(built(deployment, file)));
  if (missing.length === 0) return;
  throw new Failure(`Not built: ${missing.join(', ')}.`, { next: 'run `npx nest build --all`.' });
}

/** Makes schemas, tables and topics. */
export async function prepare(deployment: Deployment) {
  const { sandbox, prefix } = deployment;
  await sandbox.createDatabases(prefix);
  const job = (name: string, file: string, env: NodeJS.ProcessEnv) =>
    sandbox.tree.run({ name, command: process.execPath, args: [built(deployment, file)], env }, next);
  const migrations = appsOf(deployment).map(name => {
    const env = { ...inherited(deployment, name), MYSQL_URL: sandbox.databaseUrl(name, 'migrate', prefix) };
    return job(`migrate-${name}`, `apps/${name}/migrate.js`, env);
  });
  const topics = { ...inherited(deployment), TOPIC_REPLICATION: '1', TOPIC_MIN_INSYNC: '1' };
  await Promise.all([...migrations, job('topics', 'cli/topics/main.js', topics)]);
}

export async function places(deployment: Deployment): Promise<Place[]> {
  const { instances, port: first } = deployment;
  const all: Place[] = [];
  for (const [index, name] of appsOf(deployment).entries()) {
    for (let instance = 1; instance <= (instances?.[name] ?? 1); instance++) {
      const port = await freePort(first && instance === 1 ? first + index : undefined);
      all.push({ name, instance, port, url: `http://127.0.0.1:${port}` });
    }
  }
  return all;
}

/** The environment of each process. */
export function environments(deployment: Deployment, all: Place[]): (place: Place) => NodeJS.ProcessEnv {
  const { sandbox, prefix, env, appEnv } = deployment;
  const [storage, video] = ['storage-service', 'video-service'].map(app => all.find(({ name }) => name === app));
  const internal = {
    INTERNAL_SECRET: randomBytes(24).toString('base64url'),
    ...(storage && { STORAGE_URL: storage.url }),
    ...(video && { VIDEO_URL: video.url }),
  };
  const gateway = all.find(({ name }) => name === 'gateway');
  return ({ name, port, url }) => ({
    ...inherited(deployment, name),
    ...internal,
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: process.env.PUBLIC_URL || (gateway?.url ?? url),
    MYSQL_URL: sandbox.databaseUrl(name, 'run', prefix),
    ...env,
    ...appEnv?.[name],
  });
}

/** Our own environment and the sandbox's, without the addresses and keys that belong to another service. */
function inherited({ sandbox }: Deployment, name = ''): NodeJS.ProcessEnv {
  const foreign = new Set(['MYSQL_URL', ...Object.values(owned).flat()]);
  owned[name]?.forEach(variable => foreign.delete(variable));
  // Compiling is a fifth of what a service does until it is ready.
  const compiled = { NODE_COMPILE_CACHE: join(cacheDir(), 'compiled') };
  const variables = Object.entries({ ...compiled, ...process.env, NODE_ENV: 'production', ...sandbox.env });
  return Object.fromEntries(variables.filter(([variable]) => !foreign.has(variable)));
}
