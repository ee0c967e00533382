import { ProviderError } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { atMost, NotYet, type PaidWorkerOptions } from '../src/index.ts';
import { Workshop } from './workshop.ts';

jest.setTimeout(60_000);

let shop: Workshop;

beforeAll(async () => {
  shop = await Workshop.start();
});

afterEach(() => shop.reset());

afterAll(() => shop?.end());

const SECONDS = 4;

/** As the provider sees them: the most calls that came in one window of the limit. */
const busiest = (times: number[]): number =>
  Math.max(...times.map(start => times.filter(time => time >= start && time < start + SECONDS * 1_000).length));

it('keeps the account’s limit over two instances, as the provider sees it', async () => {
  const times: number[] = [];
  const options: Partial<PaidWorkerOptions> = { account: atMost('provider', 10, SECONDS) };
  const apps = [await shop.boot(options), await shop.boot(options)] as const;
  shop.onSubmit = ({ piece, answer }) => {
    times.push(performance.now());
    answer(`job-${piece.taskId}`);
  };
  shop.onPoll = () => void times.push(performance.now());
  await Promise.all(apps.map(app => shop.order(app, 12)));

  await shop.expectStatuses({ running: 24 });
  expect(times.length).toBeGreaterThanOrEqual(24);
  expect(busiest(times)).toBeLessThanOrEqual(10);
});

it('brings a job to its end with one call at a time, and looks at what is paid for before it buys more', async () => {
  const calls: string[] = [];
  const account = atMost('provider', 1, 0.5);
  const app = await shop.boot({ account, pollMs: 0 });
  shop.onSubmit = ({ piece, answer }) => {
    calls.push('submit');
    answer(`job-${piece.taskId}`);
  };
  shop.onPoll = () => {
    calls.push('poll');
    return calls.filter(call => call === 'poll').length % 3 === 0 ? 'done' : undefined;
  };
  await shop.order(app, 2);

  await shop.expectStatuses({ done: 2 });
  expect(calls).toEqual(['submit', 'poll', 'poll', 'poll', 'submit', 'poll', 'poll', 'poll']);
});

it('gives back what a step did not use: what cannot be begun takes nothing from the others', async () => {
  const app = await shop.boot({ account: atMost('provider', 1, 2) });
  let waiting: string | undefined;
  shop.onPrepare = async ({ taskId }) => {
    waiting ??= taskId;
    if (taskId === waiting) throw new NotYet(50);
  };
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  await shop.order(app, 1);
  await eventually(async () => {
    const [row] = await shop.sql<{ tokens: number }>('select tokens from bucket');
    expect(row?.tokens).toBe(1);
  });
  await shop.order(app, 1);

  await shop.expectStatuses({ ordered: 1, running: 1 });
});

it('lets nobody call for as long as the provider asks when its own count has run out', async () => {
  const options: Partial<PaidWorkerOptions> = { account: atMost('provider', 100, 1) };
  const apps = [await shop.boot(options), await shop.boot(options)] as const;
  const limited = { retriable: true, refused: true, rateLimited: true, retryAfterMs: 2_000 };
  shop.onSubmit = ({ fail }) => fail(new ProviderError('PROVIDER_BUSY', 'Busy.', limited));
  await shop.order(apps[0], 1);
  const [refused] = await shop.expectSubmits(1);
  await shop.expectStatuses({ ordered: 1 });
  await eventually(async () => expect(await shop.sql('select 1 from bucket where tokens < 0')).toHaveLength(1));
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  await Promise.all(apps.map(app => shop.order(app, 3)));

  await shop.expectStatuses({ running: 7 });
  const after = shop.submits.slice(1).map(({ at }) => at - (refused?.at ?? 0));
  expect(Math.min(...after)).toBeGreaterThan(1_500);
});

it('gives up what is refused too often where the provider leaves no hope', async () => {
  const app = await shop.boot();
  const limited = { retriable: true, refused: true, maxTries: 2, detail: '405 no' };
  shop.onSubmit = ({ fail }) => fail(new ProviderError('PROVIDER_FULL', 'Full.', limited));
  await shop.order(app, 1);

  await shop.expectStatuses({ failed: 1 });
  expect(shop.submits).toHaveLength(2);
  expect(await shop.pieces()).toMatchObject([{ errorCode: 'PROVIDER_FULL', errorDetail: '405 no' }]);
});

it('makes no more calls at once than there are sockets: those in a queue would come all at once later', async () => {
  const app = await shop.boot({ account: atMost('provider', 1_000, 1) }, { HTTP_MAX_SOCKETS: '3' });
  await shop.order(app, 10);

  const [call] = await shop.expectSubmits(3);
  await shop.expectStatuses({ submitting: 3, ordered: 7 });
  call?.answer('job-1');
  await shop.expectSubmits(4);
});

it('loads no more than it can begin', async () => {
  const app = await shop.boot({ account: atMost('provider', 1, 3_600) });
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  await shop.order(app, 200);

  await shop.expectStatuses({ running: 1, ordered: 199 });
  const [row] = await shop.sql<{ untouched: number }>(
    "select count(*) untouched from piece where status = 'ordered' and due_at = created_at",
  );
  expect(row?.untouched).toBe(199);
});

it('ends in time what waits for a call that may not be made', async () => {
  const app = await shop.boot({ account: atMost('provider', 1, 3_600) });
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  await shop.order(app, 1);
  await shop.expectStatuses({ running: 1 });
  await shop.order(app, 20, new Date(Date.now() - 1_000));

  await shop.expectStatuses({ running: 1, expired: 20 });
});
