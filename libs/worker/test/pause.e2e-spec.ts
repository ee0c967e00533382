import { topics } from '@castad/contracts';
import { ProviderError } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { atMost } from '../src/index.ts';
import { Workshop } from './workshop.ts';

jest.setTimeout(60_000);

let shop: Workshop;

beforeAll(async () => {
  shop = await Workshop.start();
});

afterEach(() => {
  jest.restoreAllMocks();
  return shop.reset();
});

afterAll(() => shop?.end());

const PAUSE_MS = 3_000;

const boot = () =>
  shop.boot({ account: atMost('provider', 1_000, 1), pollMs: 300 }, { WORKER_POLL_MS: '100', LOG_LEVEL: 'silent' });

const noCredits = () =>
  new ProviderError('NO_CREDITS', 'No credits.', {
    refused: true,
    account: true,
    retryAfterMs: PAUSE_MS,
    detail: '402: top up',
  });

const isPaused = async () =>
  expect(await shop.sql('select name from bucket where paused_until > now(3)')).toHaveLength(1);

const delays = async (taskIds: string[]) =>
  (await shop.bed.topics.read(topics.taskEvents.name))
    .filter(({ key, type }) => taskIds.includes(key) && type === 'StageDelayed.v1')
    .map(({ data }) => data);

const get = async (app: NestFastifyApplication, path: string) => (await fetch((await app.getUrl()) + path)).text();

it('buys nothing new from anybody while the account is refused, and goes on by itself', async () => {
  const [first, second] = [await boot(), await boot()];
  await shop.order(first, 1);
  const [refused] = await shop.expectSubmits(1);
  refused?.fail(noCredits());
  await eventually(isPaused);
  const paused = Date.now();
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  shop.onPoll = () => undefined;
  await Promise.all([first, second].map(app => shop.order(app, 5)));

  await shop.expectStatuses({ running: 11 });
  expect(Math.min(...shop.submits.slice(1).map(({ at }) => at)) - paused).toBeGreaterThan(PAUSE_MS - 500);
});

it('lets one order try whether the account is in order again, and the others only after it', async () => {
  const app = await boot();
  const [probe] = (await shop.order(app, 1)) as [string];
  const [refused] = await shop.expectSubmits(1);
  refused?.fail(noCredits());
  await eventually(isPaused);
  await shop.order(app, 9);
  const [, second] = await shop.expectSubmits(2);
  await eventually(async () =>
    expect(await shop.sql(`select 1 from piece where status = 'ordered' and due_at > now(3)`)).toHaveLength(9),
  );
  expect(shop.submits).toHaveLength(2);
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  shop.onPoll = () => undefined;
  second?.answer('job-1');

  await shop.expectStatuses({ running: 10 });
  expect(shop.submits.filter(({ piece }) => piece.taskId === probe).length).toBeGreaterThan(0);
});

it('asks about what is paid for all the while, and ends none of it for an account that is refused', async () => {
  const app = await boot();
  await shop.order(app, 1);
  const [call] = await shop.expectSubmits(1);
  let isRefused = true;
  shop.onPoll = () => {
    if (isRefused) throw noCredits();
    return 'done';
  };
  call?.answer('job-1');
  await eventually(() => expect(shop.polls.length).toBeGreaterThan(2));
  await eventually(isPaused);
  await shop.expectStatuses({ running: 1 });
  isRefused = false;

  await shop.expectStatuses({ done: 1 });
});

it('is loud about it, once: in the log, the metrics, the readiness and to each film that waits', async () => {
  const error = jest.spyOn(Logger.prototype, 'error');
  const app = await boot();
  const first = await shop.order(app, 3);
  shop.onSubmit = ({ fail }) => fail(noCredits());
  await eventually(isPaused);
  const taskIds = [...first, ...(await shop.order(app, 40))];
  await eventually(async () => expect(await delays(taskIds)).toHaveLength(taskIds.length));
  // The account is tried, and refused, once more.
  const calls = shop.submits.length;
  await eventually(() => expect(shop.submits.length).toBeGreaterThan(calls));
  await eventually(isPaused);

  const told = await delays(taskIds);
  expect(told).toHaveLength(taskIds.length);
  expect(told[0]).toMatchObject({ stage: 'song', code: 'NO_CREDITS', reason: 'No credits.', detail: '402: top up' });
  expect(error.mock.calls.filter(([what]) => (what as { code?: string }).code === 'NO_CREDITS')).toHaveLength(1);
  expect(await get(app, '/metrics')).toContain('castad_provider_paused{provider="provider"} 1');
  const ready = await fetch((await app.getUrl()) + '/health/ready');
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { details: { provider: 'nothing new is bought: NO_CREDITS, No credits., 402: top up' } },
  ]);

  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  shop.onPoll = () => undefined;
  await shop.expectStatuses({ running: taskIds.length });
  expect(await get(app, '/metrics')).toContain('castad_provider_paused{provider="provider"} 0');
});

it('fails a film at its deadline with what it waited for', async () => {
  const app = await boot();
  shop.onSubmit = ({ fail }) => fail(noCredits());
  await shop.order(app, 1);
  await eventually(isPaused);
  await shop.order(app, 2, new Date(Date.now() + 1_500));

  await shop.expectStatuses({ ordered: 1, failed: 2 });
  const failed = (await shop.pieces()).filter(({ status }) => status === 'failed');
  expect(failed).toMatchObject(Array(2).fill({ errorCode: 'NO_CREDITS', errorDetail: '402: top up', attempt: 0 }));
});
