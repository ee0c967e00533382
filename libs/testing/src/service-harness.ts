import {
  applyMigrations,
  boot,
  loadConfig,
  MySqlConfig,
  type NamedMigration,
  type StartOptions,
} from '@castad/platform';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../sandbox/system.ts';
import { Topics } from './topics.ts';

export interface TestBed {
  sandbox: Sandbox;
  topics: Topics;
  /** The environment of the service under test. */
  env(service: string, changes?: Record<string, string>): Record<string, string>;
  migrate(service: string, migrations: NamedMigration[]): Promise<string[]>;
  /** Runs SQL beside the service, as the server's administrator in the service's schema. */
  query<R = unknown>(service: string, sql: string, values?: unknown[]): Promise<R[]>;
  /** A server of the sandbox, to be stopped, killed and started. */
  part(name: string): Sandbox['parts'][number];
  close(): Promise<void>;
}

/** A sandbox of its own for one suite, with topics and schemas. */
export async function testBed(options: SandboxOptions = {}): Promise<TestBed> {
  const dir = await mkdtemp(join(tmpdir(), 'castad-test-'));
  const sandbox = await startSandbox({ dir, ...options });
  const topics = new Topics(sandbox.env.KAFKA_BROKERS as string);
  try {
    await topics.provision();
    await sandbox.createDatabases();
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
  return {
    sandbox,
    topics,
    env: (service, changes = {}) => ({
      ...sandbox.env,
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'fatal',
      MYSQL_URL: sandbox.databaseUrl(service, 'run'),
      ...changes,
    }),
    migrate: (service, migrations) =>
      applyMigrations(loadConfig(MySqlConfig, { MYSQL_URL: sandbox.databaseUrl(service, 'migrate') }), migrations),
    query: async <R>(service: string, sql: string, values: unknown[] = []) => {
      const database = new URL(sandbox.databaseUrl(service)).pathname.slice(1);
      const connection = await mysql.createConnection({ uri: sandbox.env.MYSQL_URL, database, timezone: 'Z' });
      try {
        const [rows] = await connection.query(sql, values);
        return rows as R[];
      } finally {
        await connection.end();
      }
    },
    part: name => {
      const part = sandbox.parts.find(process => process.name === name);
      if (!part) throw new Error(`this sandbox has no ${name}`);
      return part;
    },
    close: async () => {
      await topics.close();
      await sandbox.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Boots a service in this process. Its configuration is read while it boots, so services boot one after the other. */
export async function bootWith(
  env: Record<string, string>,
  module: Type,
  options?: StartOptions,
): Promise<NestFastifyApplication> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    return await boot(module, options);
  } finally {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
