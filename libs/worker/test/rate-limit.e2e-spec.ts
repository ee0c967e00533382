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
