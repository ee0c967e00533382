import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import mysql from 'mysql2/promise';
import type { Deployment } from '../sandbox/deployment.ts';
import { startSandbox, startSystem, type Sandbox, type System } from '../sandbox/system.ts';
import { cpuMs } from './cpu.ts';

/** Limits of accounts out of the way, quiet logs: what is measured is our own work. */
const ENV = {
  LOG_LEVEL: 'error',
  SUNO_CALLS_PER_10S: '1000000',
  CREATOMATE_CALLS_PER_10S: '1000000',
  STORAGE_COPY_CONCURRENCY: '32',
};

export interface Stage {
  sandbox: Sandbox;
  system: System;
  database: mysql.Connection;
  /** CPU milliseconds used so far, by process. */
  cpu(): Record<string, number>;
  close(): Promise<void>;
}

/** The whole system with providers that answer at once and a blob store that keeps nothing. */
export async function openStage(
  apps?: string[],
  { env: more, ...deployment }: Pick<Deployment, 'instances' | 'env' | 'appEnv'> = {},
): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'castad-bench-'));
  const sink = spawn(process.execPath, [join(import.meta.dirname, 'blob-sink.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const AZURE_STORAGE_CONNECTION_STRING = `DefaultEndpointsProtocol=http;AccountName=sink;AccountKey=c2luaw==;BlobEndpoint=${await addressOf(sink)}/sink;`;
  const instant = { SIM_TIME_SCALE: '0', SIM_RATE_LIMIT: 'off', SIM_MEDIA_CHECK: 'off' };
  const sandbox = await startSandbox({ dir, env: { ...process.env, ...instant, AZURE_STORAGE_CONNECTION_STRING } });
  // A gateway alone needs the address of a file store, though it asks for nothing.
  const env = { ...ENV, ...(apps && { STORAGE_URL: 'http://127.0.0.1:9', VIDEO_URL: 'http://127.0.0.1:9' }), ...more };
  const system = await startSystem({ sandbox, apps, env, ...deployment }).catch(async (error: unknown) => {
    sink.kill();
    await sandbox.stop();
    throw error;
  });
  const database = await mysql.createConnection(sandbox.env.MYSQL_URL as string);
  const processes = () => [
    ...sandbox.parts.map(({ name, pid }) => ({ name, pid })),
    ...system.services.map(({ name, pid }) => ({ name, pid })),
    { name: 'blob-sink', pid: sink.pid },
    { name: 'driver', pid: process.pid },
  ];
  return {
    sandbox,
    system,
    database,
    cpu: () => Object.fromEntries(processes().flatMap(({ name, pid }) => (pid ? [[name, cpuMs(pid)]] : []))),
    close: async () => {
      await database.end();
      await system.stop();
      await sandbox.stop();
      sink.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Where a child listens, by its first line. */
export async function addressOf(child: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return line.replace('listening ', '');
}
