import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import mysql, { type Pool, type RowDataPacket } from 'mysql2/promise';
import { blobNames } from '../sandbox/blobs.ts';
import { services } from '../sandbox/databases.ts';
import { eventually } from '../sandbox/eventually.ts';
import type { FaultProxy } from '../sandbox/fault-proxy.ts';
import { azuriteConnectionString } from '../sandbox/infrastructure/azurite.ts';
import type { ManagedProcess } from '../sandbox/managed-process.ts';
import { Records, type Seen } from '../sandbox/records.ts';
import type { Provider } from '../sandbox/providers.ts';
import type { PartName } from '../sandbox/sandbox.ts';
import { startStudio, type Studio, type StudioOptions } from '../sandbox/studio.ts';

/**
 * How an accepted film has to end: finished; in any way, with a stated reason; or finished unless, after a crash in
 * the instant of a paid call, the callback was lost as well.
 */
export type Expected = 'completed' | 'ended' | 'OUTCOME_UNKNOWN';

/** For one thing that should happen soon, on a busy machine too. */
export const PATIENCE_MS = 90_000;

/** After so long without a heartbeat a consumer is given up; what recovery is measured by. */
export const SESSION_MS = 6_000;

/** On what the campaign itself sends: broken records, or copies. */
const PLANTED = 'chaos';

const ENV: Record<string, Record<string, string>> = {
  gateway: { FILM_DEADLINE_MS: '150000', FILM_DEADLINE_GRACE_MS: '1000' },
  'song-service': { SUNO_POLL_MS: '1000', SUNO_GRACE_MS: '25000' },
  'video-service': { CREATOMATE_POLL_MS: '1000', CREATOMATE_GRACE_MS: '25000' },
};

/** A system of its own for one row, with proxies before all its parts, and what is known of it from outside. */
export class Scene {
  readonly studio: Studio;
  readonly records: Records;
  /** Every accepted film. */
  readonly films = new Map<string, Expected>();
  /** What was expected in the course of a row and did not come true. */
  readonly unmet: string[] = [];
  /** Milliseconds from a fault to the end of the films it struck. */
  readonly recoveries: number[] = [];
  /** Where the services' temporary files would be. */
  readonly temporary: string;
  readonly #server: Pool;

  private constructor(studio: Studio, temporary: string) {
    this.studio = studio;
    this.temporary = temporary;
    this.records = new Records(studio.sandbox.env.KAFKA_BROKERS as string);
    // Past the proxy: the fault is the services', not ours.
    this.#server = mysql.createPool({ uri: this.part('mariadb').state.url, connectionLimit: 8, timezone: 'Z' });
  }

  static async open(dir: string, { env, appEnv, ...options }: StudioOptions = {}): Promise<Scene> {
    const temporary = join(dir, 'tmp');
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    const names = new Set([...Object.keys(ENV), ...Object.keys(appEnv ?? {})]);
    const studio = await startStudio({
      ...options,
      dir,
      faultProxies: true,
      env: { TMPDIR: temporary, KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS), ...env },
      appEnv: Object.fromEntries([...names].map(name => [name, { ...ENV[name], ...appEnv?.[name] }])),
    });
    const scene = new Scene(studio, temporary);
    await scene.records.connect();
    return scene;
  }

  get system() {
    return this.studio.system;
  }

  /** Orders a film as a careful client does: again with the same key until it is accepted. */
  async film(body: object = {}, expected: Expected = 'completed'): Promise<string> {
    const key = randomUUID();
    const taskId = await eventually(() => this.studio.order(body, key), PATIENCE_MS);
    this.films.set(taskId, expected);
    return taskId;
  }

  someFilms(count: number, body?: object, expected?: Expected): Promise<string[]> {
    return Promise.all(Array.from({ length: count }, () => this.film(body, expected)));
  }

  /** Orders films at a steady pace while something is done. */
  async underLoad(perSecond: number, work: () => Promise<void>, expected?: Expected): Promise<string[]> {
    let isOver = false;
    const orders: Promise<string>[] = [];
    const load = async () => {
      for (; !isOver; await pause(1000 / perSecond)) orders.push(this.film({}, expected));
    };
    await Promise.all([load(), work().finally(() => (isOver = true))]);
    return Promise.all(orders);
  }

  /** Waits until the orders of these films are decided, however. */
  ended(taskIds: string[], withinMs = PATIENCE_MS): Promise<void> {
    return eventually(async () => {
      const open = await this.sql<{ id: string }>(
        'gateway',
        'select task_id id from task_order where ended_at is null',
      );
      const waiting = open.filter(({ id }) => taskIds.includes(id));
      if (waiting.length > 0) throw new Error(`${waiting.length} films have not ended, ${waiting[0]?.id} for one`);
    }, withinMs);
  }

  /** Does harm, and notes how long it takes until the films have ended. */
  async recovers(taskIds: string[], harm: () => Promise<unknown>): Promise<void> {
    await harm();
    const began = performance.now();
    await this.ended(taskIds);
    this.recoveries.push(performance.now() - began);
  }

  /** Waits until nothing is under way: no open order, no message to send, no work due. */
  atRest(withinMs = PATIENCE_MS): Promise<void> {
    const busy = [
      ...services.map(service => `select count(*) n from ${schema(service)}.outbox`),
      ...['gateway.task_order', 'lyric.lyric', 'song.song', 'video.video', 'storage.asset'].map(
        table => `select count(*) n from castad_${table} where due_at is not null or lease_owner is not null`,
      ),
    ];
    return eventually(async () => {
      const [row] = await this.sql<{ n: string }>('gateway', `select sum(n) n from (${busy.join(' union all ')}) x`);
      if (Number(row?.n) > 0) throw new Error(`${row?.n} rows wait for something to happen`);
    }, withinMs);
  }

  /** Notes what does not hold; the row goes on. */
  holds(isSo: boolean, otherwise: string): void {
    if (!isSo) this.unmet.push(otherwise);
  }

  /** As the server's administrator, in the service's schema. */
  async sql<R = unknown>(service: string, sql: string, values: unknown[] = []): Promise<R[]> {
    const connection = await this.#server.getConnection();
    try {
      await connection.changeUser({ database: schema(service) });
      const [rows] = await connection.query<RowDataPacket[]>(sql, values);
      return rows as R[];
    } finally {
      connection.release();
    }
  }

  /** Holds a lock on rows of a service while something is done. */
  async holding<T>(service: string, sql: string, values: unknown[], work: () => Promise<T>): Promise<T> {
    const connection = await this.#server.getConnection();
    try {
      await connection.changeUser({ database: schema(service) });
      await connection.beginTransaction();
      await connection.query(sql, values);
      return await work();
    } finally {
      await connection.rollback();
      connection.release();
    }
  }

  /** Does something, and waits until it has made a provider be asked so often. */
  async untilAsked<T>(provider: Provider, call: string, times: number, work: () => Promise<T>): Promise<T> {
    const [method, path] = call.split(' ');
    const asked = async () => (await this.studio.requests(provider, `?count=true&method=${method}&path=${path}`)).count;
    const before = await asked();
    const result = await work();
    await this.until(`${provider} was not asked ${call}`, async () => (await asked()) >= before + times);
    return result;
  }

  until(otherwise: string, condition: () => Promise<boolean>, withinMs = PATIENCE_MS): Promise<void> {
    return eventually(async () => {
      if (!(await condition())) throw new Error(`${otherwise} in ${withinMs / 1000} s`);
    }, withinMs);
  }

  /** Kills a service for as long as it takes the provider to call back for so many jobs. */
  async deadWhileCalledBack(service: string, provider: 'suno' | 'creatomate', jobs: number): Promise<void> {
    const calledBack = async () => {
      const taken = (await this.studio.callbacks(provider)).filter(({ status }) => status === 200);
      return new Set(taken.map(({ job }) => job)).size;
    };
    const before = await calledBack();
    await this.system.kill(service, 'SIGKILL');
    await this.system.stopService(service);
    await this.until(`${provider} did not call back`, async () => (await calledBack()) >= before + jobs);
    await this.system.startService(service);
  }

  /** Sends records of our own making; the checker knows them by their mark. */
  async plant(topic: string, records: { key?: string | null; value: Buffer | string | null; headers?: object }[]) {
    const marked = records.map(({ key = null, value, headers }) => ({
      key,
      value,
      headers: { ...headers, [PLANTED]: 'planted' },
    }));
    await this.records.sendRaw(topic, marked);
  }

  async everyRecord(): Promise<Seen[]> {
    const admin = this.records.kafka.admin();
    await admin.connect();
    const topics = (await admin.listTopics()).filter(topic => topic.startsWith('castad.'));
    await admin.disconnect();
    return this.records.read(...topics);
  }

  /** The names of all stored files. */
  blobs(): Promise<string[]> {
    return blobNames(azuriteConnectionString(this.part('azurite').address));
  }

  part(name: PartName): ManagedProcess {
    const part = this.studio.sandbox.parts.find(process => process.name === name);
    if (!part) throw new Error(`this scene has no ${name}`);
    return part;
  }

  proxy(name: PartName): FaultProxy {
    const proxy = this.studio.sandbox.proxies[name];
    if (!proxy) throw new Error(`this scene has no proxy before ${name}`);
    return proxy;
  }

  /** What a probe of a service answers: an HTTP status, or 0 where nobody answers. */
  async health(name: string, probe: 'ready' | 'consumer'): Promise<number> {
    const url = this.system.services.find(service => service.name === name)?.url;
    const answer = await fetch(`${url}/health/${probe}`, { signal: AbortSignal.timeout(20_000) }).catch(
      () => undefined,
    );
    return answer?.status ?? 0;
  }

  async close(): Promise<void> {
    await this.records.close();
    await this.#server.end();
    await this.studio.close();
  }
}

export const isPlanted = ({ headers }: Seen): boolean => headers[PLANTED] !== undefined;

const schema = (service: string) => `castad_${service.replace('-service', '')}`;
