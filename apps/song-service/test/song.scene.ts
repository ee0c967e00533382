import { type LyricGenerated, message, SongCalledBack, type SongFailed, SongReady } from '@castad/contracts';
import {
  aLyricGenerated,
  bootWith,
  CallbackDoor,
  eventually,
  startChild,
  testBed,
  type TestBed,
} from '@castad/testing';
import { expect } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { join } from 'node:path';
import { migrations } from '../src/migrations/index.ts';
import { SongServiceModule } from '../src/song-service.module.ts';

export const SERVICE = 'song-service';
export const GENERATE = 'POST /api/v1/generate';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const json = { 'content-type': 'application/json' };

interface SongRow {
  status: string;
  attempt: number;
  token: string;
  job_id: string | null;
  error_code: string | null;
}

/** song-service with a Suno that does what a test says, and a gateway's door for its callbacks. */
export class SongScene {
  bed!: TestBed;
  private door!: CallbackDoor;
  private app!: NestFastifyApplication;
  private env!: Record<string, string>;

  async start(): Promise<void> {
    const sim = { SIM_TIME_SCALE: '0.002', SIM_RATE_LIMIT: 'off' };
    this.bed = await testBed({ parts: ['kafka', 'mariadb', 'suno'], env: { ...process.env, ...sim } });
    await this.bed.migrate(SERVICE, migrations);
    this.door = new CallbackDoor(this.bed.topics);
    await this.door.listen();
    this.env = this.bed.env(SERVICE, {
      PUBLIC_URL: `${this.door.url}/`,
      SUNO_BASE_URL: `${this.bed.sandbox.env.SUNO_BASE_URL}/`,
      SUNO_CALLS_PER_10S: '10000',
      SUNO_POLL_MS: '300',
      SUNO_GRACE_MS: '1500',
      HTTP_TIMEOUT_MS: '1000',
      WORKER_LEASE_MS: '2000',
      WORKER_POLL_MS: '100',
      KAFKA_SESSION_TIMEOUT_MS: '6000',
    });
    this.app = await bootWith(this.env, SongServiceModule);
  }

  async close(): Promise<void> {
    await this.app?.close();
    await this.door?.close();
    await this.bed?.close();
  }

  readonly sim = async (path: string, body?: object) => {
    const init = body && { method: 'POST', headers: json, body: JSON.stringify(body) };
    const response = await fetch(`${this.bed.sandbox.env.SUNO_BASE_URL}/__sim/${path}`, init);
    expect(response.ok).toBe(true);
    return (await response.json()) as { requests: { job?: string; status: number | null; problems: string[] }[] };
  };

  readonly fault = (kind: string, more: object = {}) => this.sim('faults', { endpoint: GENERATE, kind, ...more });

  readonly submits = async () => (await this.sim('requests?path=/api/v1/generate')).requests;

  readonly send = async (changes: Partial<LyricGenerated> = {}, times = 1): Promise<string> => {
    const event = aLyricGenerated(changes);
    await this.bed.topics.send([event], { times });
    return event.taskId;
  };

  readonly row = async (taskId: string): Promise<SongRow> => {
    const [found] = await this.bed.query<SongRow>(SERVICE, 'select * from song where task_id = ?', [taskId]);
    expect(found).toBeDefined();
    return found as SongRow;
  };

  /** What it said of the song, apart from that it ordered it. */
  readonly said = async (taskId: string) =>
    (await this.bed.topics.read(SongReady.topic)).filter(({ key, type }) => key === taskId && !type.includes('Submit'));

  /** The one event this song ends with. */
  readonly end = (taskId: string) =>
    eventually(async () => {
      const events = await this.said(taskId);
      expect(events).toHaveLength(1);
      const [{ type, data }] = events as [(typeof events)[number]];
      return { type, data: data as unknown as SongReady & SongFailed };
    });

  /** Until it is handled. */
  readonly callBack = async (taskId: string, token: string, jobId: string) => {
    await this.bed.topics.send([message(SongCalledBack, { taskId, revision: 0, token, jobId })]);
    await eventually(async () => expect(await this.bed.topics.lag(SERVICE, SongCalledBack.topic)).toBe(0));
  };

  readonly calledBack = async (taskId: string) =>
    (await this.bed.topics.read(SongCalledBack.topic)).filter(({ key }) => key === taskId);

  /** Alone in a process of its own, while `use` runs; the service is back afterwards. */
  readonly inChild = async (use: (kill: () => Promise<unknown>) => Promise<void>) => {
    await this.app.close();
    this.env = { ...this.env, SUNO_GRACE_MS: '30000' };
    const child = await startChild(this.bed, MAIN, this.env);
    try {
      await use(() => child.kill('SIGKILL'));
    } finally {
      await child.kill('SIGKILL').catch(() => undefined);
      this.app = await bootWith(this.env, SongServiceModule);
    }
  };
}
