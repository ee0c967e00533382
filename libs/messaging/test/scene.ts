import { CancelTask, deadLetterTopic, message, type Message } from '@castad/contracts';
import { bootWith, eventually, startChild, testBed, type ChildService, type Seen, type TestBed } from '@castad/testing';
import { expect } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Message as KafkaRecord } from '@castad/kafkajs';
import { join } from 'node:path';
import { headersOf } from '../src/index.ts';
import { enter, ledger, ledgerMigrations, type Handler, type Version } from './ledger.ts';

export interface EntryRow {
  messageId: string;
  taskId: string;
  revision: number;
}

/** A sandbox with a Kafka and a MariaDB, and instances of one service that enters what it handles. */
export class Scene {
  readonly service = 'song-service';
  private readonly apps = new Set<NestFastifyApplication>();
  private readonly handlers = new Map<string, Handler>();

  private constructor(readonly bed: TestBed) {}

  static async start(): Promise<Scene> {
    const scene = new Scene(await testBed({ parts: ['kafka', 'mariadb'] }));
    await scene.bed.migrate(scene.service, ledgerMigrations);
    return scene;
  }

  /** A member that died is noticed as soon as the broker allows. */
  private env(changes: Record<string, string> = {}): Record<string, string> {
    return this.bed.env(this.service, { KAFKA_SESSION_TIMEOUT_MS: '6000', ...changes });
  }

  /** Starts an instance. */
  async boot(changes: Record<string, string> = {}, version?: Version): Promise<NestFastifyApplication> {
    const handler: Handler = (received, context) => (this.handlers.get(received.taskId) ?? enter)(received, context);
    const app = await bootWith(this.env(changes), ledger(this.service, handler, version));
    this.apps.add(app);
    return app;
  }

  /** Starts an instance in a process of its own. */
  spawn(): Promise<ChildService> {
    return startChild(this.bed, join(import.meta.dirname, 'ledger.main.ts'), this.env());
  }

  async close(app: NestFastifyApplication): Promise<void> {
    this.apps.delete(app);
    await app.close();
  }

  async closeAll(): Promise<void> {
    for (const app of this.apps) await this.close(app);
  }

  async end(): Promise<void> {
    await this.closeAll();
    await this.bed.close();
  }

  /** What to do with the messages of this task. */
  on(taskId: string, handler: Handler): void {
    this.handlers.set(taskId, handler);
  }

  /** What took effect. */
  entries(): Promise<EntryRow[]> {
    return this.bed.query(this.service, 'select message_id messageId, task_id taskId, revision from entry');
  }

  async revisions(taskId: string): Promise<number[]> {
    const sql = 'select revision from entry where task_id = ? order by seq';
    return (await this.bed.query<EntryRow>(this.service, sql, [taskId])).map(({ revision }) => revision);
  }

  /** Waits until the task's messages took effect: these, in this order, and no others. */
  async expectRevisions(taskId: string, expected: number[]): Promise<void> {
    await eventually(async () => expect(await this.revisions(taskId)).toEqual(expected), 30_000);
  }

  async deadLettersOf(taskId: string): Promise<Seen[]> {
    return (await this.bed.topics.read(deadLetterTopic(this.service))).filter(({ key }) => key === taskId);
  }

  /** What a probe of the instance answers. */
  async health(
    app: NestFastifyApplication,
    probe: 'ready' | 'consumer',
  ): Promise<{ status: number; checks: Record<string, string> }> {
    const response = await fetch(`${await app.getUrl()}/health/${probe}`);
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    return { status: response.status, checks };
  }
}

/** The smallest message there is, several times; its revision says which. */
export const cancels = (taskId: string, count: number, from = 1): CancelTask[] =>
  range(from, from + count - 1).map(revision => message(CancelTask, { taskId, revision }));

/** A record as a service sends it. */
export const recordOf = (sent: Message): KafkaRecord & { headers: Record<string, string> } => ({
  key: sent.taskId,
  value: JSON.stringify(sent),
  headers: headersOf(sent, 'test'),
});

export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The headers that say why a record was dead-lettered, and the others, as text. */
export const textHeaders = (letter: Seen | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(letter?.headers ?? {}).map(([name, value]) => [name, String(value)]));
