import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import type { Deployment } from '../sandbox/deployment.ts';
import type { ManagedProcess } from '../sandbox/managed-process.ts';
import { freePort } from '../sandbox/ports.ts';
import { accepts } from '../sandbox/probes.ts';
import { startSandbox, startSystem, type Sandbox, type System } from '../sandbox/system.ts';
import { stopping, undoable } from './ending.ts';
import { cpuMs, rssMiB } from './proc.ts';

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
  /** The address of the blob store. */
  sink: string;
  /** CPU milliseconds used so far, by process. */
  cpu(): Record<string, number>;
  /** Resident memory in MiB, by process. */
  rss(): Record<string, number>;
  close(): Promise<void>;
}

/** The whole system with providers that answer at once and a blob store that keeps nothing. */
export async function openStage(
  apps?: string[],
  { env: more, appEnv, ...deployment }: Pick<Deployment, 'instances' | 'env' | 'appEnv' | 'dist'> = {},
): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'castad-bench-'));
  const removeDir = undoable(() => rm(dir, { recursive: true, force: true }));
  const instant = { SIM_TIME_SCALE: '0', SIM_RATE_LIMIT: 'off', SIM_MEDIA_CHECK: 'off' };
  const starting = startSandbox({
    dir,
    parts: ['kafka', 'mariadb', 'openai', 'suno', 'creatomate'],
    env: { ...process.env, ...instant },
    signal: stopping,
  });
  const stopSandbox = undoable(async () => (await starting.catch(() => undefined))?.stop());
  const sandbox = await starting;
  const sink = await startHelper(sandbox, 'blob-sink');
  const AZURE_STORAGE_CONNECTION_STRING = `DefaultEndpointsProtocol=http;AccountName=sink;AccountKey=c2luaw==;BlobEndpoint=${sink.address}/sink;`;
  // A gateway alone needs the address of a file store, though it asks for nothing.
  const env = { ...ENV, ...(apps && { STORAGE_URL: 'http://127.0.0.1:9', VIDEO_URL: 'http://127.0.0.1:9' }), ...more };
  const system = await startSystem({
    sandbox,
    apps,
    env,
    appEnv: { ...appEnv, 'storage-service': { AZURE_STORAGE_CONNECTION_STRING, ...appEnv?.['storage-service'] } },
    ...deployment,
  });
  const stopSystem = undoable(() => system.stop());
  const database = await mysql.createConnection(sandbox.env.MYSQL_URL as string);
  const ofProcesses = (measure: (pid: number) => number) => () => {
    const processes = [...sandbox.parts, sink, ...system.services, { name: 'driver', pid: process.pid }];
    return Object.fromEntries(processes.flatMap(({ name, pid }) => (pid ? [[name, measure(pid)]] : [])));
  };
  return {
    sandbox,
    system,
    database,
    sink: sink.address,
    cpu: ofProcesses(cpuMs),
    rss: ofProcesses(rssMiB),
    close: async () => {
      await database.end();
      for (const undo of [stopSystem, stopSandbox, removeDir]) await undo();
    },
  };
}

/** A process of ours beside the services, from a file of this folder that listens on `PORT`. */
export async function startHelper({ tree }: Sandbox, name: string): Promise<ManagedProcess> {
  const port = await freePort();
  const helper = tree.add({
    name,
    command: process.execPath,
    args: [join(import.meta.dirname, `${name}.ts`)],
    env: { PORT: String(port) },
    address: `http://127.0.0.1:${port}`,
    isReady: () => accepts(`127.0.0.1:${port}`),
  });
  await helper.start();
  return helper;
}
