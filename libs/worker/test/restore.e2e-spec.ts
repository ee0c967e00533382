import { Database, newId } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { end, restoreBegun, restoreSubmitted, type OldNews } from '../src/index.ts';
import { Piece, PieceWorker } from './piece.ts';
import { Workshop } from './workshop.ts';

jest.setTimeout(60_000);

/** How long a restored row is left alone. */
const LEASE_MS = 1_000;

const token = (letter: string) => letter.repeat(43);

let workshop: Workshop;
let app: NestFastifyApplication;
let taskId: string;

beforeAll(async () => {
  workshop = await Workshop.start();
});
beforeEach(async () => {
  app = await workshop.boot({}, { WORKER_LEASE_MS: String(LEASE_MS), WORKER_POLL_MS: '100', HTTP_TIMEOUT_MS: '500' });
  taskId = newId();
});
afterEach(() => workshop.reset());
afterAll(() => workshop?.end());

const restore = (...tells: OldNews<Piece>['tell'][]) =>
  app.get(Database).transaction('requests', async unit => {
    for (const tell of tells) app.get(PieceWorker).restore(unit, { key: { taskId, revision: 1 }, tell });
  });

const begun =
  (attempt: number, of: string): OldNews<Piece>['tell'] =>
  (known, until) => {
    const piece = known ?? Piece.ordered(taskId, new Date(Date.now() + 60_000), new Date());
    restoreBegun(piece, attempt, token(of), until);
    return piece;
  };

const taken =
  (attempt: number, jobId: string): OldNews<Piece>['tell'] =>
  (piece, until) => {
    if (piece) restoreSubmitted(piece, attempt, jobId, until);
    return piece;
  };

const failed: OldNews<Piece>['tell'] = piece => {
  if (piece) end(piece, 'failed', { code: 'REFUSED', reason: 'no' });
  return piece;
};

const order = (revision: number) => workshop.orderAgain(app, taskId, { revision });

it('begins nothing again that was begun, and follows it when its callback comes', async () => {
  await restore(begun(1, 'a'));
  await order(1);
  expect(await workshop.pieces()).toMatchObject([{ status: 'unknown', attempt: 1, jobId: null }]);

  expect(await workshop.callBack(app, token('a'), 'job-1')).toBe(true);

  await workshop.expectStatuses({ done: 1 });
  expect(workshop.polls).toEqual([{ taskId, jobId: 'job-1' }]);
  expect(workshop.submits).toEqual([]);
});

it('hears a callback that is read together with the news that its submit was begun', async () => {
  const tell = begun(1, 'a');
  await app.get(Database).transaction('requests', async unit => {
    app.get(PieceWorker).restore(unit, { key: { taskId, revision: 1 }, tell });
    app.get(PieceWorker).calledBack(unit, { token: token('a'), jobId: 'job-1' });
  });

  await workshop.expectStatuses({ done: 1 });
  expect(workshop.polls).toEqual([{ taskId, jobId: 'job-1' }]);
  expect(workshop.submits).toEqual([]);
});

it('follows the job that the provider took, after the time of a lease', async () => {
  await restore(begun(1, 'a'), begun(2, 'b'), taken(2, 'job-2'));
  expect(await workshop.pieces()).toMatchObject([
    { status: 'running', attempt: 2, jobId: 'job-2', token: token('b'), jobIdConfirmed: 0 },
  ]);
  expect(workshop.polls).toEqual([]);

  await workshop.expectStatuses({ done: 1 });
  expect(workshop.polls).toEqual([{ taskId, jobId: 'job-2' }]);
  expect(workshop.submits).toEqual([]);
});

it('listens for the last callback of an attempt that was noted twice', async () => {
  await restore(begun(1, 'a'), begun(1, 'b'));
  await restore(begun(1, 'b'));

  expect(await workshop.callBack(app, token('a'), 'job-1')).toBe(false);
  expect(await workshop.callBack(app, token('b'), 'job-1')).toBe(true);
  await workshop.expectStatuses({ done: 1 });
});

it('begins nothing that is only known to have failed, and what is newer', async () => {
  await restore(failed);
  await order(1);
  await order(2);

  await workshop.expectSubmits(1);
  await eventually(async () =>
    expect((await workshop.pieces()).map(({ status }) => status).sort()).toEqual(['cancelled', 'submitting']),
  );
});

it('changes nothing of what is over', async () => {
  await restore(begun(1, 'a'), failed);
  const before = await workshop.pieces();
  expect(before).toMatchObject([{ status: 'failed', errorCode: 'REFUSED' }]);

  await restore(begun(1, 'b'), begun(2, 'c'), failed);

  expect(await workshop.pieces()).toEqual(before);
});
