import { topics } from '@castad/contracts';
import { Database, newId } from '@castad/platform';
import { bootWith, eventually, testBed, type TestBed } from '@castad/testing';
import { expect } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { JobStatus, PaidWorkerOptions } from '../src/index.ts';
import { Piece, pieceMigrations, pieceModule, PieceWorker, type Found, type Provider, type Retry } from './piece.ts';

const HOUR_MS = 3_600_000;

export interface PieceRow {
  taskId: string;
  status: JobStatus;
  attempt: number;
  token: string | null;
  jobId: string | null;
  jobIdConfirmed: number;
  errorCode: string | null;
  errorDetail: string | null;
  leaseOwner: string | null;
}

/** A call to the provider that has not been answered yet. */
export interface Call {
  piece: Piece;
  at: number;
  answer: (jobId: string) => void;
  fail: (error: Error) => void;
}

/** A sandbox, a provider that does what a test says, and instances of one service whose worker calls it. */
export class Workshop {
  readonly service = 'song-service';
  readonly submits: Call[] = [];
  readonly polls: { taskId: string; jobId: string }[] = [];
  /** Undefined: the call stays open until the test answers it. */
  onSubmit: (call: Call) => void = () => undefined;
  onPoll: (jobId: string, piece: Piece) => Found | Promise<Found> = () => 'done';
  onPrepare: (piece: Piece) => Promise<void> = async () => undefined;
  /** Before a callback from the topic is handled. */
  onCallback: () => Promise<void> = async () => undefined;
  private readonly apps = new Set<NestFastifyApplication>();

  private constructor(readonly bed: TestBed) {}

  static async start(): Promise<Workshop> {
    const workshop = new Workshop(await testBed({ parts: ['kafka', 'mariadb'] }));
    await workshop.bed.migrate(workshop.service, pieceMigrations);
    return workshop;
  }

  /** Nothing happens by polling unless a test asks for it: what it waits for must come by itself. */
  async boot(
    options: Partial<PaidWorkerOptions> = {},
    env: Record<string, string> = {},
  ): Promise<NestFastifyApplication> {
    const provider: Provider = {
      beforeCallback: () => this.onCallback(),
      prepare: piece => this.onPrepare(piece),
      submit: piece =>
        new Promise((answer, fail) => {
          const call = { piece, at: Date.now(), answer, fail };
          this.submits.push(call);
          this.onSubmit(call);
        }),
      poll: async (piece, jobId) => {
        this.polls.push({ taskId: piece.taskId, jobId });
        return this.onPoll(jobId, piece);
      },
    };
    const module = pieceModule(this.service, provider, {
      concurrency: 20,
      pollMs: HOUR_MS,
      graceMs: HOUR_MS,
      limitMs: HOUR_MS,
      callbackTopic: topics.songCallbacks.name,
      ...options,
    });
    const app = await bootWith(
      this.bed.env(this.service, { WORKER_POLL_MS: String(HOUR_MS), KAFKA_SESSION_TIMEOUT_MS: '6000', ...env }),
      module,
    );
    this.apps.add(app);
    return app;
  }

  async close(app: NestFastifyApplication): Promise<void> {
    this.apps.delete(app);
    await app.close();
  }

  /** Ends all instances and forgets what happened. */
  async reset(): Promise<void> {
    this.onSubmit = ({ fail }) => fail(new Error('the test is over'));
    this.submits.forEach(this.onSubmit);
    for (const app of this.apps) await this.close(app);
    this.submits.length = 0;
    this.polls.length = 0;
    this.onSubmit = () => undefined;
    this.onPoll = () => 'done';
    this.onPrepare = this.onCallback = async () => undefined;
    for (const table of ['piece', 'bucket', 'cancellation', 'deleted_task', 'outbox'])
      await this.sql(`delete from ${table}`);
  }

  async end(): Promise<void> {
    await this.reset();
    await this.bed.close();
  }

  /** Orders new work in one transaction of the instance. */
  async order(
    app: NestFastifyApplication,
    count: number,
    deadline = new Date(Date.now() + HOUR_MS),
  ): Promise<string[]> {
    const taskIds = Array.from({ length: count }, newId);
    await app.get(Database).transaction('requests', async unit => {
      for (const taskId of taskIds) unit.insertIfAbsent(Piece.ordered(taskId, deadline, unit.now));
    });
    return taskIds;
  }

  /** Orders one piece that is due after so long. */
  async orderLater(app: NestFastifyApplication, afterMs: number): Promise<void> {
    await app.get(Database).transaction('requests', async unit => {
      const piece = Piece.ordered(newId(), new Date(Date.now() + HOUR_MS), unit.now);
      piece.dueAt = new Date(unit.now.getTime() + afterMs);
      unit.insertIfAbsent(piece);
    });
  }

  /** Orders more work for a task that has had some. */
  async orderAgain(app: NestFastifyApplication, taskId: string, retry: Retry): Promise<void> {
    const deadline = new Date(Date.now() + HOUR_MS);
    await app.get(Database).transaction('requests', async unit => {
      unit.insertIfAbsent(Piece.ordered(taskId, deadline, unit.now, retry));
    });
  }

  async cancel(app: NestFastifyApplication, taskId: string, revision: number): Promise<void> {
    await app.get(Database).transaction('requests', async unit => app.get(PieceWorker).cancel(unit, taskId, revision));
  }

  /** The messages about a task, by type. */
  async said(taskId: string): Promise<string[]> {
    const seen = await this.bed.topics.read(topics.songEvents.name);
    return seen.filter(({ key }) => key === taskId).map(({ type, data }) => `${type} ${String(data.revision)}`);
  }

  /** What the message of a callback does. Whether it is the token of a piece. */
  async callBack(app: NestFastifyApplication, token: string, jobId: string): Promise<boolean> {
    await app
      .get(Database)
      .transaction('requests', async unit => app.get(PieceWorker).calledBack(unit, { token, jobId }));
    return (await this.sql('select 1 from piece where token = ?', [token])).length > 0;
  }

  /** How often the server was asked for something so far, by anybody. */
  async statements(kind: 'commit' | 'select'): Promise<number> {
    const [row] = await this.sql<{ Value: string }>(`show global status like 'Com_${kind}'`);
    return Number(row?.Value);
  }

  sql<R>(sql: string, values: unknown[] = []): Promise<R[]> {
    return this.bed.query<R>(this.service, sql, values);
  }

  pieces(): Promise<PieceRow[]> {
    return this.sql(
      `select task_id taskId, status, attempt, token, job_id jobId, job_id_confirmed jobIdConfirmed,
         error_code errorCode, error_detail errorDetail, lease_owner leaseOwner from piece order by created_at, task_id`,
    );
  }

  async expectStatuses(expected: Partial<Record<JobStatus, number>>): Promise<void> {
    await eventually(async () => {
      const statuses = Map.groupBy(await this.pieces(), ({ status }) => status);
      expect(Object.fromEntries([...statuses].map(([status, { length }]) => [status, length]))).toEqual(expected);
    });
  }

  /** The order of this revision was looked at, and put off. */
  async expectWaiting(revision: number): Promise<void> {
    await eventually(async () => {
      const sql = `select due_at > created_at later from piece where status = 'ordered' and revision = ?`;
      expect(await this.sql(sql, [revision])).toEqual([{ later: 1 }]);
    });
  }

  /** The calls begun so far, when there are so many. */
  async expectSubmits(count: number): Promise<Call[]> {
    await eventually(() => expect(this.submits.length).toBe(count));
    return this.submits;
  }
}
