import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { serviceFlags } from '../sandbox/deployment.ts';
import { freePort } from '../sandbox/ports.ts';
import { works } from '../sandbox/probes.ts';
import { root, startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { Film } from './film.ts';

interface Service {
  image?: string;
  build?: { args?: { APP?: string } };
  command?: string;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  profiles?: string[];
  ports?: string[];
  volumes?: string[];
}
type Services = Record<string, Service>;

const apps = ['gateway', 'lyric-service', 'song-service', 'video-service', 'storage-service'];

/** What docker compose makes of a file: merge keys merged, then `${NAME:-default}` and `${NAME:?}` filled in. */
function read(file: string, variables: Record<string, string> = {}): Services {
  const fill = (text: string) =>
    text.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, otherwise: string) => {
      if (kind === '?' && !variables[name]) throw new Error(`${name} is missing`);
      return variables[name] || otherwise;
    });
  const content: unknown = parse(readFileSync(join(root, file), 'utf8'), { merge: true });
  const filled = JSON.parse(JSON.stringify(content), (_, value: unknown) =>
    typeof value === 'string' ? fill(value) : value,
  ) as { services: Services };
  return filled.services;
}

function merge(below: Services, above: Services): Services {
  const merged = Object.entries(below).map(([name, service]) => {
    const environment = { ...service.environment, ...above[name]?.environment };
    return [name, { ...service, ...above[name], environment }] as const;
  });
  return Object.fromEntries(merged);
}

describe('docker-compose.yml', () => {
  const dir = mkdtempSync(join(tmpdir(), 'castad-compose-'));
  const services = read('docker-compose.yml', { INTERNAL_SECRET: randomBytes(24).toString('base64url') });
  const ports = new Map<string, number>();
  const adminPorts = new Map<string, number>();
  let sandbox: Sandbox;

  /** Containers find each other by name; here every name is a port of this machine. */
  const addresses = () => {
    const { KAFKA_BROKERS = '', MYSQL_URL = '', SUNO_BASE_URL = '', CREATOMATE_BASE_URL = '' } = sandbox.env;
    const azurite = /BlobEndpoint=([^;]*)\/devstoreaccount1/.exec(
      sandbox.env.AZURE_STORAGE_CONNECTION_STRING ?? '',
    )?.[1];
    return [
      ['kafka:9092', KAFKA_BROKERS],
      ['mysql:3306', new URL(MYSQL_URL).host],
      ['http://openai:4001/v1', sandbox.env.OPENAI_BASE_URL],
      ['http://suno:4002', SUNO_BASE_URL],
      ['http://azurite:4003', CREATOMATE_BASE_URL],
      ['http://azurite:10000', azurite],
      ['http://localhost:10000', azurite],
      ['suno,azurite', '127.0.0.1'],
      ...[...ports].map(([name, port]) => [`http://${name}:3000`, `http://127.0.0.1:${port}`]),
    ] as [string, string][];
  };
  const environmentOf = ({ environment = {} }: Service) => {
    const here = Object.entries(environment).map(([name, value]) => {
      return [name, addresses().reduce((text, [there, address]) => text.replaceAll(there, address), value)];
    });
    return { PATH: process.env.PATH, ...(Object.fromEntries(here) as Record<string, string>) };
  };
  const runJob = (name: string, service: Service) => {
    const args = service.command?.split(' ').slice(1) ?? [];
    return sandbox.tree.run({ name, command: process.execPath, args, cwd: root, env: environmentOf(service) });
  };
  /** With nothing in its environment but what compose gives it. */
  const boot = async (name: string, service: Service) => {
    const [port, adminPort] = [await freePort(), await freePort()];
    ports.set(name, port);
    adminPorts.set(name, adminPort);
    const address = `http://127.0.0.1:${port}`;
    return () =>
      sandbox.tree.add({
        name: `${name}-${port}`,
        command: process.execPath,
        args: [...serviceFlags, `dist/${service.build?.args?.APP}/main.js`],
        cwd: root,
        env: { ...environmentOf(service), PORT: String(port), ADMIN_PORT: String(adminPort), HOST: '127.0.0.1' },
        address,
        isReady: () => works(`http://127.0.0.1:${adminPort}`),
        graceMs: 25_000,
      });
  };
  /** What the world can reach tells nothing of our insides. */
  const expectAdminsApart = async () => {
    const status = async (port: number | undefined, path: string) =>
      (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    for (const name of apps) {
      for (const path of ['/health/live', '/health/ready', '/metrics', '/%6detrics']) {
        const seen = [await status(ports.get(name), path), await status(adminPorts.get(name), path)];
        expect([name, path, ...seen]).toEqual([name, path, 404, 200]);
      }
    }
    expect(await status(adminPorts.get('gateway'), '/v1/projects')).toBe(404);
  };
  const bootAll = async (all: Services) => {
    const ready = await Promise.all(apps.map(name => boot(name, all[name] ?? {})));
    const processes = ready.map(add => add());
    await Promise.all(processes.map(managed => managed.start()));
    return () => Promise.all(processes.map(managed => sandbox.tree.remove(managed)));
  };

  beforeAll(async () => {
    sandbox = await startSandbox({ dir, env: {} });
    const connection = await createConnection({ uri: sandbox.env.MYSQL_URL, multipleStatements: true });
    const [, script] = /\.\/([^:\s]+\.sql):/.exec(services.mysql?.volumes?.join(' ') ?? '') ?? [];
    await connection.query(readFileSync(join(root, script ?? ''), 'utf8'));
    await connection.end();
    const jobs = Object.entries(services).filter(([name]) => name === 'topics' || name.startsWith('migrate-'));
    expect(jobs).toHaveLength(6);
    await Promise.all(jobs.map(([name, service]) => runJob(name, service)));
  }, 180_000);

  afterAll(async () => {
    await sandbox?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  it('starts each service after its migrations and the topics', () => {
    for (const name of apps) {
      expect(services[name]?.depends_on).toEqual({
        topics: { condition: 'service_completed_successfully' },
        [`migrate-${name}`]: { condition: 'service_completed_successfully' },
      });
      expect(services[`migrate-${name}`]).toMatchObject({
        image: services[name]?.image,
        command: `node dist/apps/${name}/migrate.js`,
        depends_on: { mysql: { condition: 'service_healthy' } },
      });
    }
  });

  it('gives the services all they need to make a film without any key', async () => {
    const stop = await bootAll(services);
    const film = await Film.order({
      gatewayUrl: `http://127.0.0.1:${ports.get('gateway')}`,
      brief: join(root, 'examples', 'brief.json'),
      photos: join(root, 'examples', 'photos'),
      signal: AbortSignal.timeout(60_000),
    });
    await film.follow(() => {});
    await film.download(join(dir, 'film.mp4'));
    await expectAdminsApart();
    expect(statSync(join(dir, 'film.mp4')).size).toBeGreaterThan(1000);
    await stop();
  }, 120_000);

  it('gives the services all they need for the real providers, given the variables of .env', async () => {
    const variables = {
      PUBLIC_URL: 'https://castad.example.com',
      OPENAI_API_KEY: 'openai-key',
      SUNO_API_KEY: 'suno-key',
      CREATOMATE_API_KEY: 'creatomate-key',
      CREATOMATE_TEMPLATES: '9:16=mine',
      AZURE_STORAGE_CONNECTION_STRING: sandbox.env.AZURE_STORAGE_CONNECTION_STRING ?? '',
    };
    const real = merge(services, read('docker-compose.providers.yml', variables));
    expect(Object.keys(real).filter(name => real[name]?.profiles)).toEqual(['azurite', 'openai', 'suno', 'creatomate']);
    const environments = apps.map(name => JSON.stringify(real[name]?.environment));
    expect(environments.join()).not.toMatch(/sandbox|azurite|localhost/);
    const stop = await bootAll(real);
    await stop();
  }, 120_000);

  it('does not start with a secret that anybody can read here', () => {
    expect(() => read('docker-compose.yml')).toThrow('INTERNAL_SECRET is missing');
  });

  it('publishes the API alone, and keeps health and metrics apart from it', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map(port => `${name} ${port}`),
    );
    expect(published).toEqual(['gateway 3000:3000', 'azurite 127.0.0.1:10000:10000']);
    for (const name of apps) expect(services[name]?.environment).toMatchObject({ ADMIN_PORT: '9000' });
  });

  it('asks for every variable that the real providers cannot do without', () => {
    expect(() => read('docker-compose.providers.yml')).toThrow('OPENAI_API_KEY is missing');
  });
});
