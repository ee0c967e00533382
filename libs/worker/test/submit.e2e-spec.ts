import { Database, ProviderError, Unavailable } from '@castad/platform';
import { eventually } from '@castad/testing';
import { EntityManager } from '@mikro-orm/mysql';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PieceWorker } from './piece.ts';
import { Workshop } from './workshop.ts';

jest.setTimeout(60_000);

let shop: Workshop;

beforeAll(async () => {
  shop = await Workshop.start();
});

afterEach(() => shop.reset());

afterAll(() => shop?.end());

/** One piece whose preparation goes on until it is let go. */
async function preparing(app: NestFastifyApplication, deadline?: Date) {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  let begun = 0;
  shop.onPrepare = () => {
    begun += 1;
    return promise;
  };
  const [taskId] = (await shop.order(app, 1, deadline)) as [string];
  await eventually(() => expect(begun).toBe(1));
  return { taskId, letGo };
}

/** The answer to the next commit is lost; the commit is not. */
function loseAnswer(app: NestFastifyApplication, isIt: (result: unknown) => boolean): () => number {
  const database = app.get(Database);
  const transaction = database.transaction.bind(database);
  let lost = 0;
  jest.spyOn(database, 'transaction').mockImplementation(async (budget, work) => {
    const result = await transaction(budget, work);
    if (lost > 0 || !isIt(result)) return result;
    lost += 1;
    throw new Unavailable('DATABASE_UNAVAILABLE', 'No answer.');
  });
  return () => lost;
}

it('says that a call is made right before it is made, and of its preparation nothing', async () => {
  const app = await shop.boot();
  const { letGo } = await preparing(app);
  expect(await shop.pieces()).toMatchObject([
    { status: 'ordered', attempt: 0, token: null, leaseOwner: expect.any(String) },
  ]);
  letGo();
  const [call] = await shop.expectSubmits(1);
  expect(await shop.pieces()).toMatchObject([{ status: 'submitting', attempt: 1, token: call?.piece.token }]);
});

it('goes on with the same order elsewhere when a process is gone in the preparation', async () => {
  const app = await shop.boot();
  const { letGo } = await preparing(app);
  shop.onPrepare = async () => undefined;
  await shop.sql('update piece set lease_until = now(3) - interval 1 second, due_at = now(3)');
  const other = await shop.boot();
  const [call] = await shop.expectSubmits(1);
  letGo();
  call?.answer('job-1');

  await shop.expectStatuses({ running: 1 });
  await shop.close(app);
  expect(shop.submits).toHaveLength(1);
  expect(await shop.pieces()).toMatchObject([{ status: 'running', attempt: 1, token: call?.piece.token }]);
  await shop.close(other);
});

it('calls nobody when the deadline passed meanwhile', async () => {
  const app = await shop.boot();
  const deadline = new Date(Date.now() + 1_500);
  const { letGo } = await preparing(app, deadline);
  await eventually(() => expect(Date.now()).toBeGreaterThan(deadline.getTime() + 100));
  letGo();

  await shop.expectStatuses({ expired: 1 });
  expect(shop.submits).toEqual([]);
});

it('calls nobody when the order was cancelled meanwhile, in whatever order the two were committed', async () => {
  const app = await shop.boot();
  const { taskId, letGo } = await preparing(app);
  await shop.sql('insert into cancellation (task_id, revision) values (?, 1)', [taskId]);
  letGo();
  await shop.expectStatuses({ cancelled: 1 });

  const second = await preparing(app);
  await shop.cancel(app, second.taskId, 1);
  second.letGo();
  await shop.expectStatuses({ cancelled: 2 });
  await shop.close(app);
  expect(shop.submits).toEqual([]);
});

it('goes on at once with what it claimed when the commit of the claim was not answered', async () => {
  const app = await shop.boot({}, { WORKER_POLL_MS: '100' });
  const lost = loseAnswer(app, result => !!(result as { claimed?: unknown[] } | undefined)?.claimed?.length);
  await shop.orderLater(app, 3_600_000);
  await shop.sql('update piece set due_at = now(3)');

  const [call] = await shop.expectSubmits(1);
  expect(lost()).toBe(1);
  call?.answer('job-1');
  await shop.expectStatuses({ running: 1 });
  expect(await shop.pieces()).toMatchObject([{ attempt: 1 }]);
});

it('goes on at once with what was claimed in the transaction that ordered it when its commit was not answered', async () => {
  const app = await shop.boot();
  jest.spyOn(EntityManager.prototype, 'commit').mockImplementationOnce(async function (this: EntityManager) {
    await EntityManager.prototype.commit.call(this);
    throw Object.assign(new Error('the connection was lost'), { code: 'PROTOCOL_CONNECTION_LOST' });
  });
  await expect(shop.order(app, 1)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });

  const [call] = await shop.expectSubmits(1);
  call?.answer('job-1');
  await shop.expectStatuses({ running: 1 });
  expect(await shop.pieces()).toMatchObject([{ attempt: 1 }]);
});

it('makes the call once when the commit that lets it through was not answered', async () => {
  const app = await shop.boot();
  const { letGo } = await preparing(app);
  const lost = loseAnswer(app, result => Array.isArray(result));
  letGo();
  const [call] = await shop.expectSubmits(1);
  expect(lost()).toBe(1);
  call?.answer('job-1');

  await shop.expectStatuses({ running: 1 });
  expect(shop.submits).toHaveLength(1);
  expect(await shop.pieces()).toMatchObject([{ attempt: 1, jobId: 'job-1' }]);
});

it('orders again what was refused for sure, though its lease ran out meanwhile', async () => {
  const app = await shop.boot();
  await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);
  await shop.sql('update piece set lease_owner = null, lease_until = null, due_at = now(3)');
  const other = await shop.boot();
  await shop.expectStatuses({ unknown: 1 });

  call?.fail(new ProviderError('PROVIDER_BUSY', 'Busy.', { retriable: true, refused: true }));

  const calls = await shop.expectSubmits(2);
  calls[1]?.answer('job-2');
  await shop.expectStatuses({ running: 1 });
  await shop.close(other);
});

it('tries what is refused for the moment for as long as there is time, and then says why it failed', async () => {
  const app = await shop.boot();
  const busy = new ProviderError('PROVIDER_BUSY', 'Busy.', { retriable: true, refused: true, detail: '503 try later' });
  shop.onSubmit = ({ fail }) => fail(busy);
  await shop.order(app, 1, new Date(Date.now() + 6_000));
  await eventually(() => expect(shop.submits.length).toBeGreaterThan(1));
  // However often it was tried before.
  await shop.sql('update piece set tries = 100');

  await shop.expectStatuses({ failed: 1 });
  expect(await shop.pieces()).toMatchObject([{ errorCode: 'PROVIDER_BUSY', errorDetail: '503 try later' }]);
});

it('gives back at once what it has not begun when it stops', async () => {
  const app = await shop.boot();
  await preparing(app);
  shop.onPrepare = async () => undefined;
  await shop.close(app);
  expect(await shop.pieces()).toMatchObject([{ status: 'ordered', leaseOwner: null }]);
  await shop.boot();
  await shop.expectSubmits(1);
});

it('gives back a question that is not answered in time when it stops, and never a paid call', async () => {
  const app = await shop.boot({}, { SHUTDOWN_TIMEOUT_MS: '2000' });
  const [asked] = (await shop.order(app, 1)) as [string];
  const [call] = await shop.expectSubmits(1);
  shop.onPoll = () => new Promise(() => undefined);
  call?.answer('job-1');
  await shop.callBack(app, call?.piece.token as string, 'job-1');
  await eventually(() => expect(shop.polls).toHaveLength(1));
  const [paid] = (await shop.order(app, 1)) as [string];
  await shop.expectSubmits(2);
  await shop.close(app);
  const rows = new Map((await shop.pieces()).map(row => [row.taskId, row]));
  expect(rows.get(asked)).toMatchObject({ status: 'running', leaseOwner: null });
  expect(rows.get(paid)).toMatchObject({ status: 'submitting', leaseOwner: expect.any(String) });
});

it('outlives a database that is away: leases, outcomes and job ids', async () => {
  const app = await shop.boot({}, { WORKER_LEASE_MS: '1500', WORKER_POLL_MS: '100' });
  await shop.order(app, 2);
  const [first, second] = await shop.expectSubmits(2);
  await shop.bed.part('mariadb').stop();
  const now = jest.spyOn(app.get(Database), 'now').mockRejectedValue(new Unavailable('DATABASE_UNAVAILABLE', 'Away.'));
  // As the clock that runs on its own for a minute does then.
  await app.get(PieceWorker)['jobs']['renew']();
  first?.answer('job-1');
  second?.fail(new ProviderError('PROVIDER_BUSY', 'Busy.', { retriable: true, refused: true, retryAfterMs: 60_000 }));
  await eventually(() => expect(Date.now() - (second?.at ?? 0)).toBeGreaterThan(4_000));
  now.mockRestore();
  await shop.bed.part('mariadb').start();

  await eventually(async () =>
    expect(await shop.pieces()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ status: 'running', jobId: 'job-1' }),
        expect.objectContaining({ status: 'ordered', errorCode: 'PROVIDER_BUSY', token: null }),
      ]),
    ),
  );
});
