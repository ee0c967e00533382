import { join } from 'node:path';
import { Databases, type Role } from './databases.ts';
import { FaultProxy } from './fault-proxy.ts';
import { azurite, azuriteConnectionString } from './infrastructure/azurite.ts';
import { kafka } from './infrastructure/kafka.ts';
import { mariadb } from './infrastructure/mariadb.ts';
import type { ManagedProcess, ProcessSpec } from './managed-process.ts';
import { freePort } from './ports.ts';
import { answers } from './probes.ts';
import { ProcessTree, type Log } from './process-tree.ts';
import { checkCombination, givenProvider, isGiven, providers, standIn, type Provider } from './providers.ts';

export const root = join(import.meta.dirname, '..');

export type PartName = 'kafka' | 'mariadb' | 'azurite' | Provider;
const allParts: PartName[] = ['kafka', 'mariadb', 'azurite', ...providers];

/** The variables of which any, when it is there, takes the place of a part. The part itself gives the first one. */
const replacedBy: Record<Exclude<PartName, Provider>, [string, ...string[]]> = {
  kafka: ['KAFKA_BROKERS'],
  mariadb: ['MYSQL_URL'],
  azurite: ['AZURE_STORAGE_CONNECTION_STRING', 'AZURE_STORAGE_ACCOUNT'],
};

export interface SandboxOptions {
  /** Its folder; `.sandbox` (or the next free one inside it) when not given. */
  dir?: string;
  env?: NodeJS.ProcessEnv;
  parts?: PartName[];
  /** Puts a fault proxy before every part that is started here. */
  faultProxies?: boolean;
  /** Gives up a start that is still under way. */
  signal?: AbortSignal;
  log?: Log;
}

/** What the services need from outside: each part is a server of ours, unless the environment names another. */
export interface Sandbox {
  dir: string;
  /** KAFKA_BROKERS, MYSQL_URL (the whole server's), AZURE_STORAGE_CONNECTION_STRING and the providers' variables. */
  env: Record<string, string>;
  /** The parts that were started here. */
  parts: ManagedProcess[];
  /** By part; `env` leads through them. */
  proxies: Partial<Record<PartName, FaultProxy>>;
  tree: ProcessTree;
  createDatabases(prefix?: string): Promise<void>;
  databaseUrl(service: string, role?: Role, prefix?: string): string;
  stop(): Promise<void>;
}

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { dir, env: given = process.env, parts: wanted = allParts, faultProxies, signal, log = () => {} } = options;
  const warnings = checkCombination(given);
  const tree = new ProcessTree({ dir: dir ?? join(root, '.sandbox'), exact: dir !== undefined, log });
  warnings.forEach(warning => log(warning));
  const proxies: Sandbox['proxies'] = {};
  const close = async () => {
    await tree.close();
    Object.values(proxies).forEach(proxy => proxy.close());
  };
  const giveUp = () => void close();
  signal?.addEventListener('abort', giveUp);
  try {
    const missing = wanted.filter(part => !fromEnvironment(part, given));
    if (missing.length > 0) log(`Starting ${missing.join(', ')} in ${tree.dir} ...`);
    if (faultProxies) for (const part of missing) proxies[part] = await FaultProxy.open();
    const started = await Promise.all(wanted.map(part => provide(part, tree, given, proxies[part])));
    const env = Object.assign({}, ...started.map(part => part.env)) as Record<string, string>;
    const databases = () => {
      if (!env.MYSQL_URL) throw new Error('this sandbox has no database');
      return new Databases(env.MYSQL_URL);
    };
    return {
      dir: tree.dir,
      env,
      parts: started.flatMap(part => part.process ?? []),
      proxies,
      tree,
      createDatabases: prefix => databases().create(prefix),
      databaseUrl: (service, role, prefix) => databases().url(service, role, prefix),
      stop: close,
    };
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

interface Provided {
  env: Record<string, string>;
  process?: ManagedProcess;
}

async function provide(
  part: PartName,
  tree: ProcessTree,
  given: NodeJS.ProcessEnv,
  proxy?: FaultProxy,
): Promise<Provided> {
  const env = fromEnvironment(part, given);
  if (env) return { env };
  const managed = tree.add(await specify(part, tree, given, proxy));
  await managed.start();
  const { address, url } = managed.state;
  tree.log(`${part} runs at ${address}`);
  const real = address.replace('http://', '');
  proxy?.leadTo(real);
  const reached = (text: string) => (proxy ? text.replace(real, proxy.address) : text);
  return { env: variables(part, reached(address), url && reached(url)), process: managed };
}

function fromEnvironment(part: PartName, given: NodeJS.ProcessEnv): Record<string, string> | undefined {
  if (isProvider(part)) return isGiven(part, given) ? givenProvider(part, given) : undefined;
  const there = replacedBy[part].filter(name => given[name]);
  return there.length > 0 ? Object.fromEntries(there.map(name => [name, given[name] as string])) : undefined;
}

function variables(part: PartName, address: string, url?: string): Record<string, string> {
  if (isProvider(part)) return standIn(part, address);
  const value = { kafka: address, mariadb: url ?? '', azurite: azuriteConnectionString(address) }[part];
  return { [replacedBy[part][0]]: value };
}

function specify(
  part: PartName,
  tree: ProcessTree,
  given: NodeJS.ProcessEnv,
  proxy?: FaultProxy,
): Promise<ProcessSpec> {
  if (isProvider(part)) return standInProcess(part, given);
  if (part === 'mariadb') return mariadb(tree);
  return { kafka, azurite }[part](tree, proxy?.address);
}

async function standInProcess(provider: Provider, given: NodeJS.ProcessEnv): Promise<ProcessSpec> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  return {
    name: provider,
    command: process.execPath,
    args: [join(import.meta.dirname, provider, 'main.ts')],
    env: { ...given, PORT: String(port), HOST: '127.0.0.1', API_KEY: 'sandbox' },
    address,
    isReady: () => answers(`${address}/__sim/requests`),
  };
}

function isProvider(part: PartName): part is Provider {
  return providers.some(provider => provider === part);
}
