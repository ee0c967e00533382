import { Database, newId } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import mysql from 'mysql2/promise';
import { end, EVER } from '../src/index.ts';
import { Piece, PieceWorker } from './piece.ts';
import { Workshop } from './workshop.ts';

jest.setTimeout(60_000);

let shop: Workshop;
let app: NestFastifyApplication;

beforeAll(async () => {
  shop = await Workshop.start();
});
afterEach(() => shop.reset());
afterAll(() => shop?.end());

const erase = (taskId: string) =>
  app.get(Database).transaction('requests', async unit => app.get(PieceWorker).erase(unit, taskId));
const again = (taskId: string) => shop.orderAgain(app, taskId, { revision: 2 });
const notes = (taskId: string) =>
  shop.sql('select revision from cancellation join deleted_task using (task_id) where task_id = ?', [taskId]);

it('erases all that a task had, notes it, and begins nothing of it again', async () => {
  app = await shop.boot();
  shop.onSubmit = ({ answer }) => answer('job-1');
  const [taskId, other] = (await shop.order(app, 2)) as [string, string];
  await shop.expectStatuses({ running: 2 });
  await erase(taskId);
  await erase(taskId);
  expect((await shop.pieces()).map(piece => piece.taskId)).toEqual([other]);
  expect(await notes(taskId)).toEqual([{ revision: EVER }]);
  await again(taskId);
  await eventually(async () => expect(await shop.pieces()).toHaveLength(1));
  await shop.cancel(app, taskId, 3);
  await again(taskId);
  await eventually(async () => expect(await shop.pieces()).toHaveLength(1));
  expect(shop.submits).toHaveLength(2);
});

it('makes no call of a row that was claimed when its task was erased', async () => {
  app = await shop.boot();
  const prepared = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  shop.onPrepare = async () => {
    reached.resolve();
    await prepared.promise;
  };
  const [taskId] = (await shop.order(app, 1)) as [string];
  await reached.promise;
  await erase(taskId);
  prepared.resolve();
  shop.onPrepare = async () => undefined;
  shop.onSubmit = ({ answer }) => answer('job-2');
  await shop.order(app, 1);
  await shop.expectStatuses({ running: 1 });
  expect(shop.submits.map(({ piece }) => piece.taskId)).not.toContain(taskId);
});

it('follows a job no longer whose answer comes after its task was erased, and goes on with others', async () => {
  app = await shop.boot();
  const [taskId] = (await shop.order(app, 1)) as [string];
  const [call] = await shop.expectSubmits(1);
  await erase(taskId);
  call?.answer('job-1');
  expect(await shop.callBack(app, call?.piece.token as string, 'job-1')).toBe(false);
  shop.onSubmit = ({ answer }) => answer('job-2');
  const [other] = (await shop.order(app, 1)) as [string];
  await shop.expectStatuses({ running: 1 });
  expect((await shop.pieces()).map(piece => piece.taskId)).toEqual([other]);
  expect(shop.polls).toEqual([]);
  expect((await shop.said(taskId)).filter(said => said.startsWith('SongSubmitted'))).toEqual([]);
});

it('restores nothing of a deleted task', async () => {
  app = await shop.boot();
  const [taskId] = (await shop.order(app, 1)) as [string];
  await erase(taskId);
  await app.get(Database).transaction('requests', async unit =>
    app.get(PieceWorker).restore(unit, {
      key: { taskId, revision: 1 },
      tell: () => {
        const piece = Piece.ordered(taskId, new Date(Date.now() + 60_000), unit.now);
        end(piece, 'done');
        return piece;
      },
    }),
  );
  expect(await shop.pieces()).toEqual([]);
});

it('erases a row that an erasure under way could not see', async () => {
  app = await shop.boot();
  const rival = await mysql.createConnection({ uri: shop.bed.sandbox.databaseUrl(shop.service) });
  const taskId = newId();
  try {
    await rival.query('set session transaction isolation level read committed');
    await rival.beginTransaction();
    await rival.query('insert into cancellation values (?, ?)', [taskId, EVER]);
    await rival.query('delete from piece where task_id = ?', [taskId]);
    const ordered = again(taskId);
    // The row is there; its claim waits for what the erasure notes.
    await eventually(async () => {
      const sql = `select 1 from information_schema.processlist where info like '%cancellation%lock in share mode%'
        and id <> connection_id()`;
      expect(await shop.sql(sql)).not.toEqual([]);
    });
    await rival.commit();
    await ordered;
  } finally {
    await rival.end();
  }
  await eventually(async () => expect(await shop.pieces()).toEqual([]));
  expect(shop.submits).toEqual([]);
});
