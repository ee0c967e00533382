import { ProviderError } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { PaidWorkerOptions } from '../src/index.ts';
import { Workshop } from './workshop.ts';

jest.setTimeout(60_000);

let shop: Workshop;
let app: NestFastifyApplication;

beforeAll(async () => {
  shop = await Workshop.start();
});

afterEach(() => shop.reset());

afterAll(() => shop?.end());

/** One piece whose submit is under way. */
const underWay = async (options: Partial<PaidWorkerOptions> = {}) => {
  app = await shop.boot(options);
  const [taskId] = (await shop.order(app, 1)) as [string];
  const [call] = await shop.expectSubmits(1);
  if (!call) throw new Error('no submit');
  return { taskId, call };
};
const noAnswer = new ProviderError('PROVIDER_TIMEOUT', 'No answer.', { retriable: true });
const again = (taskId: string) => shop.orderAgain(app, taskId, { revision: 2, retryOf: 1 });

it('notes a paid call with the broker before it is made, and its job when it is taken', async () => {
  const { taskId, call } = await underWay();
  expect(await shop.said(taskId)).toEqual(['SongSubmitBegun.v1 1']);
  call.answer('job-1');
  await eventually(async () => expect(await shop.said(taskId)).toEqual(['SongSubmitBegun.v1 1', 'SongSubmitted.v1 1']));
});

it('makes no paid call while it cannot be noted', async () => {
  app = await shop.boot();
  await shop.bed.part('kafka').stop();
  const [taskId] = (await shop.order(app, 1)) as [string];
  await eventually(async () =>
    expect(await shop.pieces()).toMatchObject([{ status: 'ordered', leaseOwner: expect.any(String) }]),
  );
  expect(shop.submits).toEqual([]);
  await shop.bed.part('kafka').start();
  await eventually(() => expect(shop.submits).toHaveLength(1), 40_000);
  expect(shop.submits[0]?.piece).toMatchObject({ taskId, attempt: 1 });
});

it('begins nothing of what is cancelled, whether the order to cancel comes before or after', async () => {
  app = await shop.boot({ concurrency: 1 });
  await shop.order(app, 1);
  await shop.expectSubmits(1);
  const [waiting] = (await shop.order(app, 1)) as [string];
  await shop.cancel(app, waiting, 1);
  await shop.cancel(app, waiting, 1);
  await shop.orderAgain(app, waiting, { revision: 2 });
  await shop.cancel(app, waiting, 3);
  await shop.orderAgain(app, waiting, { revision: 3 });
  shop.submits[0]?.answer('job-1');
  await shop.expectStatuses({ cancelled: 3, running: 1 });
  await shop.orderAgain(app, waiting, { revision: 4 });
  expect((await shop.expectSubmits(2)).map(({ piece }) => piece.revision)).toEqual([1, 4]);
});

it('keeps the job of a submit that was cancelled while it was under way, and goes on with nothing', async () => {
  const { taskId, call } = await underWay();
  await shop.cancel(app, taskId, 1);
  call.answer('job-1');
  await eventually(async () =>
    expect(await shop.pieces()).toMatchObject([{ status: 'cancelled', jobId: 'job-1', leaseOwner: null }]),
  );
  await eventually(async () => expect(await shop.said(taskId)).toContain('SongSubmitted.v1 1'));
  expect(shop.polls).toEqual([]);
});

it('says of a callback after the end that the provider was paid, and goes on with nothing', async () => {
  const { taskId, call } = await underWay();
  call.fail(noAnswer);
  await shop.expectStatuses({ unknown: 1 });
  await shop.cancel(app, taskId, 1);
  expect(await shop.callBack(app, call.piece.token as string, 'job-1')).toBe(true);
  await eventually(async () => expect(await shop.said(taskId)).toContain('SongSubmitted.v1 1'));
  expect(await shop.pieces()).toMatchObject([{ status: 'cancelled', jobId: 'job-1' }]);
});

it('follows on a retry the job that the order before it paid for', async () => {
  const { taskId, call } = await underWay();
  shop.onPoll = () => undefined;
  call.answer('job-1');
  await shop.expectStatuses({ running: 1 });
  await shop.cancel(app, taskId, 1);
  shop.onPoll = () => 'done';
  await again(taskId);
  await shop.expectStatuses({ cancelled: 1, done: 1 });
  expect(shop.submits).toHaveLength(1);
  await eventually(async () => expect(await shop.said(taskId)).toContain('SongReady.v1 2'));
});

it('waits on a retry for the answer of a submit that is still under way', async () => {
  const { taskId, call } = await underWay();
  await shop.cancel(app, taskId, 1);
  await again(taskId);
  await shop.expectWaiting(2);
  call.answer('job-1');
  await shop.expectStatuses({ cancelled: 1, done: 1 });
  expect(shop.submits).toHaveLength(1);
});

it('announces on a retry what was finished already', async () => {
  const { taskId, call } = await underWay();
  call.answer('job-1');
  await shop.callBack(app, call.piece.token as string, 'job-1');
  await shop.expectStatuses({ done: 1 });
  await again(taskId);
  await shop.expectStatuses({ done: 2 });
  expect([shop.submits.length, shop.polls.length]).toEqual([1, 1]);
});

it('orders anew on a retry when nothing came of the job before', async () => {
  const { taskId, call } = await underWay();
  shop.onPoll = () => 'failed';
  call.answer('job-1');
  await shop.callBack(app, call.piece.token as string, 'job-1');
  await shop.expectStatuses({ failed: 1 });
  await again(taskId);
  const calls = await shop.expectSubmits(2);
  expect(calls[1]?.piece).toMatchObject({ revision: 2, attempt: 1 });
});

it('waits on a retry, whoever asks for it, while the outcome of the submit before is open, and takes over what turns up', async () => {
  const { taskId, call } = await underWay();
  call.fail(noAnswer);
  await shop.expectStatuses({ unknown: 1 });
  await shop.cancel(app, taskId, 1);
  // Another one of the same work, one that is cancelled in turn, and a retry of that.
  await shop.orderAgain(app, taskId, { revision: 2 });
  await shop.expectWaiting(2);
  await shop.cancel(app, taskId, 2);
  await shop.orderAgain(app, taskId, { revision: 3, retryOf: 2 });
  await shop.expectWaiting(3);
  expect(await shop.callBack(app, call.piece.token as string, 'job-1')).toBe(true);

  await shop.expectStatuses({ cancelled: 2, done: 1 });
  expect([shop.submits.length, shop.polls]).toEqual([1, [{ taskId, jobId: 'job-1' }]]);
});

it('tells on a retry that nobody knows what became of the submit before, and pays again only after that', async () => {
  const graceMs = 2_000;
  const { taskId, call } = await underWay({ graceMs });
  call.fail(noAnswer);
  await shop.expectStatuses({ unknown: 1 });
  await shop.cancel(app, taskId, 1);
  await again(taskId);
  await shop.expectStatuses({ cancelled: 1, failed: 1 });
  expect(Date.now() - call.at).toBeGreaterThanOrEqual(graceMs - 500);
  expect(shop.submits).toHaveLength(1);
  expect(await shop.pieces()).toMatchObject([{ status: 'cancelled' }, { errorCode: 'OUTCOME_UNKNOWN', attempt: 0 }]);

  await shop.orderAgain(app, taskId, { revision: 3, retryOf: 2 });
  await shop.expectSubmits(2);
});

it('takes over on a retry what turned up after it was told that nobody knows', async () => {
  const { taskId, call } = await underWay({ graceMs: 100 });
  call.fail(noAnswer);
  await shop.expectStatuses({ failed: 1 });
  await shop.callBack(app, call.piece.token as string, 'job-1');
  await again(taskId);
  await shop.expectStatuses({ failed: 1, done: 1 });
  expect(shop.submits).toHaveLength(1);
});

it('orders at once on a retry what was refused, or not begun, before', async () => {
  const { taskId, call } = await underWay();
  call.fail(new ProviderError('PROVIDER_BUSY', 'Busy.', { retriable: true, refused: true, retryAfterMs: 60_000 }));
  await shop.expectStatuses({ ordered: 1 });
  await shop.cancel(app, taskId, 1);
  await again(taskId);
  expect((await shop.expectSubmits(2)).map(({ piece }) => piece.revision)).toEqual([1, 2]);
});

it('asks again for a job it took over that the provider does not know yet, and orders anew only when it is lost', async () => {
  const { taskId, call } = await underWay({ pollMs: 200, limitMs: 3_000 });
  shop.onPoll = () => null;
  call.answer('job-1');
  await shop.expectStatuses({ running: 1 });
  await shop.cancel(app, taskId, 1);
  await again(taskId);
  await eventually(() => expect(shop.polls.length).toBeGreaterThan(2));
  expect(shop.submits).toHaveLength(1);

  const [, next] = await shop.expectSubmits(2);
  expect((next?.at ?? 0) - call.at).toBeGreaterThan(2_500);
  expect(next?.piece).toMatchObject({ revision: 2, attempt: 1 });
});
