import { message, SongCalledBack } from '@castad/contracts';
import { ProviderError } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { atMost, NotYet } from '../src/index.ts';
import { Workshop, type Call } from './workshop.ts';

jest.setTimeout(60_000);

let shop: Workshop;

beforeAll(async () => {
  shop = await Workshop.start();
});

afterEach(() => shop.reset());

afterAll(() => shop?.end());

it('starts work at once when it is committed, and no sooner', async () => {
  const app = await shop.boot();
  await shop.order(app, 1);

  const [call] = await shop.expectSubmits(1);
  expect(await shop.pieces()).toMatchObject([{ status: 'submitting', attempt: 1, token: call?.piece.token }]);
});

it('takes work in the transaction that makes it due: what follows at once costs no claim of its own', async () => {
  const app = await shop.boot();
  // The first note of all may have to wait for the broker.
  await shop.order(app, 1);
  await shop.expectSubmits(1);
  const before = await shop.statements('commit');
  await shop.order(app, 1);

  const [, call] = await shop.expectSubmits(2);
  // The order and the intent.
  expect((await shop.statements('commit')) - before).toBe(2);
  call?.answer('job-1');
  await shop.expectStatuses({ submitting: 1, running: 1 });
  await shop.callBack(app, call?.piece.token as string, 'job-1');
  await shop.expectStatuses({ submitting: 1, done: 1 });
  // The answer, the callback and the result.
  expect((await shop.statements('commit')) - before).toBe(5);
});

it('starts what is ordered for later when it is due', async () => {
  const app = await shop.boot();
  await shop.orderLater(app, 300);

  await shop.expectSubmits(1);
});

it('looks without a transaction, and writes nothing, while there is nothing to do', async () => {
  const app = await shop.boot({ account: atMost('provider', 10, 1) }, { WORKER_POLL_MS: '20' });
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  await shop.order(app, 1);
  await shop.expectStatuses({ running: 1 });
  const bucket = () => shop.sql('select * from bucket');
  await eventually(async () => expect(await bucket()).toEqual(await bucket()));
  const before = { bucket: await bucket(), commits: await shop.statements('commit') };
  const selects = await shop.statements('select');

  await eventually(async () => expect((await shop.statements('select')) - selects).toBeGreaterThan(50));
  expect({ bucket: await bucket(), commits: await shop.statements('commit') }).toEqual(before);
});

it('holds no transaction and no connection while the provider works', async () => {
  const app = await shop.boot({}, { DB_REQUEST_CONNECTIONS: '1', DB_BACKGROUND_CONNECTIONS: '1' });
  await shop.order(app, 20);

  await shop.expectSubmits(20);
  // InnoDB refreshes this table only when nobody has read it for 0.1 s.
  const open = 'select * from information_schema.innodb_trx where sleep(0.2) = 0';
  await eventually(async () => expect(await shop.sql(open)).toEqual([]));
});

it('takes no more than it can start', async () => {
  const app = await shop.boot({ concurrency: 3 });
  await shop.order(app, 10);

  const calls = await shop.expectSubmits(3);
  await shop.expectStatuses({ submitting: 3, ordered: 7 });
  calls[0]?.answer('job-1');
  await shop.expectSubmits(4);
  await shop.expectStatuses({ running: 1, submitting: 3, ordered: 6 });
});

it('begins what came back though all other places work for long', async () => {
  const app = await shop.boot({ concurrency: 20 });
  const seen = new Set<string>();
  shop.onPrepare = async ({ taskId }) => {
    const isFirst = seen.size < 2 && !seen.has(taskId);
    seen.add(taskId);
    if (isFirst) throw new NotYet(10);
  };
  await shop.order(app, 20);

  await shop.expectSubmits(20);
});

it('shares work between instances without doing any twice', async () => {
  const boot = () => shop.boot({ concurrency: 5 }, { WORKER_POLL_MS: '100' });
  const apps = [await boot(), await boot()] as const;
  await Promise.all([shop.order(apps[0], 5), shop.order(apps[1], 5)]);
  await shop.expectSubmits(10);
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  for (const { piece, answer } of shop.submits) answer(`job-${piece.taskId}`);
  await Promise.all(apps.flatMap(app => [shop.order(app, 40), shop.order(app, 40)]));

  await shop.expectStatuses({ running: 170 });
  expect(new Set(shop.submits.map(({ piece }) => piece.taskId)).size).toBe(170);
  expect(shop.submits).toHaveLength(170);
});

it('records outcomes that arrive together in one commit', async () => {
  const app = await shop.boot({ concurrency: 50 });
  await shop.order(app, 50);
  const calls = await shop.expectSubmits(50);
  const before = await shop.statements('commit');

  for (const { piece, answer } of calls) answer(`job-${piece.taskId}`);

  await shop.expectStatuses({ running: 50 });
  expect((await shop.statements('commit')) - before).toBeLessThanOrEqual(3);
});

it('goes on where an instance that died left off', async () => {
  const app = await shop.boot({}, { WORKER_LEASE_MS: '1000', WORKER_POLL_MS: '100' });
  await shop.order(app, 2);
  for (const { piece, answer } of await shop.expectSubmits(2)) answer(`job-${piece.taskId}`);
  await shop.expectStatuses({ running: 2 });
  await shop.sql(
    `update piece set lease_owner = 'somebody', lease_until = now(3) + interval 1 second, due_at = now(3)`,
  );

  await shop.expectStatuses({ done: 2 });
  expect(shop.submits).toHaveLength(2);
});

it('ends what is met after its deadline without a call, however much it is', async () => {
  const app = await shop.boot({ concurrency: 4 });
  await shop.order(app, 50, new Date(Date.now() - 1_000));

  await shop.expectStatuses({ expired: 50 });
  expect(shop.submits).toEqual([]);
});

it('keeps a callback that comes while the submit is not answered yet', async () => {
  const app = await shop.boot();
  await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);

  expect(await shop.callBack(app, call?.piece.token as string, 'job-1')).toBe(true);
  call?.answer('job-1');

  await shop.expectStatuses({ done: 1 });
  expect(shop.polls).toEqual([{ taskId: call?.piece.taskId, jobId: 'job-1' }]);
});

it('learns from a callback what a submit without an answer brought about', async () => {
  const app = await shop.boot();
  await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);
  call?.fail(new ProviderError('PROVIDER_TIMEOUT', 'No answer.', { retriable: true }));
  await shop.expectStatuses({ unknown: 1 });

  await shop.callBack(app, call?.piece.token as string, 'job-1');

  await shop.expectStatuses({ done: 1 });
  expect(shop.submits).toHaveLength(1);
});

it('ignores a callback with a token that is nobody’s', async () => {
  const app = await shop.boot();
  expect(await shop.callBack(app, 'x'.repeat(43), 'job-1')).toBe(false);
});

it('drops a job id from a callback that the provider does not know as ours', async () => {
  const app = await shop.boot();
  shop.onPoll = jobId => (jobId === 'forged' ? null : 'done');
  await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);
  const token = call?.piece.token as string;
  call?.fail(new ProviderError('PROVIDER_TIMEOUT', 'No answer.', { retriable: true }));
  await shop.expectStatuses({ unknown: 1 });

  await shop.callBack(app, token, 'forged');
  await eventually(() => expect(shop.polls).toHaveLength(1));
  await shop.expectStatuses({ unknown: 1 });
  await shop.callBack(app, token, 'genuine');

  await shop.expectStatuses({ done: 1 });
  expect(shop.polls.map(({ jobId }) => jobId)).toEqual(['forged', 'genuine']);
});

it('fails a submit of unknown outcome after the grace time, and never submits again', async () => {
  const app = await shop.boot({ graceMs: 500 });
  const [taskId] = await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);
  call?.fail(new ProviderError('PROVIDER_TIMEOUT', 'No answer.', { retriable: true }));

  await shop.expectStatuses({ failed: 1 });
  expect(await shop.pieces()).toMatchObject([{ errorCode: 'OUTCOME_UNKNOWN', attempt: 1, jobId: null }]);
  expect(shop.submits).toHaveLength(1);
  const said = async () => (await shop.bed.topics.read('castad.song.events')).filter(({ key }) => key === taskId);
  await eventually(async () =>
    expect(await said()).toMatchObject([
      { type: 'SongSubmitBegun.v1' },
      { type: 'SongFailed.v1', data: { code: 'OUTCOME_UNKNOWN', retryable: true } },
    ]),
  );
});

it('does not give up a submit whose callback is in the log and not handled yet, however late it is', async () => {
  const handling = Promise.withResolvers<void>();
  const handled = Promise.withResolvers<void>();
  shop.onCallback = () => {
    handling.resolve();
    return handled.promise;
  };
  const app = await shop.boot({ graceMs: 500 }, { WORKER_POLL_MS: '100' });
  await shop.order(app, 1);
  const [call] = (await shop.expectSubmits(1)) as [Call];
  const { taskId, token } = call.piece;
  const jobId = 'job-1';
  await shop.bed.topics.send([message(SongCalledBack, { taskId, revision: 0, token: token as string, jobId })]);
  await handling.promise;
  call.fail(new ProviderError('PROVIDER_TIMEOUT', 'No answer.', { retriable: true }));

  await shop.expectStatuses({ unknown: 1 });
  const graceEnd = Date.now() + 1_000;
  await eventually(() => expect(Date.now()).toBeGreaterThan(graceEnd));
  await shop.expectStatuses({ unknown: 1 });
  handled.resolve();
  await eventually(async () => expect(await shop.pieces()).toMatchObject([{ status: 'done', jobId }]));
});

it('keeps the job id of an answer that comes after its lease ran out', async () => {
  const app = await shop.boot();
  await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);
  await shop.sql('update piece set lease_owner = null, lease_until = null, due_at = now(3)');
  const other = await shop.boot();
  await shop.expectStatuses({ unknown: 1 });

  call?.answer('job-late');

  await shop.expectStatuses({ done: 1 });
  expect(await shop.pieces()).toMatchObject([{ jobId: 'job-late', jobIdConfirmed: 1, attempt: 1 }]);
  expect(shop.submits).toHaveLength(1);
  await shop.close(other);
});

it('submits again what was refused for the moment, and not what was refused for good', async () => {
  const app = await shop.boot();
  await shop.order(app, 2);
  const [busy, bad] = await shop.expectSubmits(2);
  busy?.fail(new ProviderError('PROVIDER_BUSY', 'Busy.', { retriable: true, refused: true }));
  bad?.fail(new ProviderError('PROVIDER_REFUSED', 'No.', { refused: true }));

  const [, , again] = await shop.expectSubmits(3);
  expect(again?.piece).toMatchObject({ taskId: busy?.piece.taskId, attempt: 2 });
  expect(again?.piece.token).not.toBe(busy?.piece.token);
  again?.answer('job-2');
  await shop.expectStatuses({ running: 1, failed: 1 });
  expect(shop.submits).toHaveLength(3);
});

it('records an answer that came while the database was away', async () => {
  const app = await shop.boot();
  await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);
  await shop.bed.part('mariadb').stop();
  call?.answer('job-1');
  await shop.bed.part('mariadb').start();

  await shop.expectStatuses({ running: 1 });
  expect(await shop.pieces()).toMatchObject([{ jobId: 'job-1', jobIdConfirmed: 1 }]);
});

it('stops when the steps in progress have ended', async () => {
  const app = await shop.boot();
  await shop.order(app, 3);
  const calls = await shop.expectSubmits(3);
  let closed = false;
  const closing = shop.close(app).then(() => (closed = true));
  await eventually(async () => expect((await fetch(`${await app.getUrl()}/health/ready`)).status).toBe(503));
  expect(closed).toBe(false);
  for (const { piece, answer } of calls) answer(`job-${piece.taskId}`);
  await closing;

  expect(await shop.pieces()).toMatchObject(Array(3).fill({ status: 'running', jobIdConfirmed: 1, leaseOwner: null }));
});
