import { ProviderError } from '@castad/platform';
import { eventually } from '@castad/testing';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { atMost, type RateLimit } from '../src/index.ts';
import { Workshop } from './workshop.ts';

jest.setTimeout(60_000);

let shop: Workshop;

beforeAll(async () => {
  shop = await Workshop.start();
});

afterEach(() => shop.reset());

afterAll(() => shop?.end());

const boot = (rate: RateLimit) => shop.boot({ rate }, { WORKER_POLL_MS: '100' });

it('keeps the account’s limit over two instances', async () => {
  const rate = atMost('provider', 20, 1);
  const apps = [await boot(rate), await boot(rate)] as const;
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  await Promise.all(apps.map(app => shop.order(app, 25)));

  await shop.expectStatuses({ running: 50 });
  // When a call was let through; how long it then took to be made is another matter.
  const [row] = await shop.sql<{ seconds: string }>(
    'select timestampdiff(microsecond, min(submitted_at), max(submitted_at)) / 1000000 seconds from piece',
  );
  const seconds = Number(row?.seconds);
  expect(seconds).toBeGreaterThan((0.8 * (50 - rate.burst)) / rate.perSecond);
});

it('pauses every instance when the account is refused', async () => {
  const rate = atMost('provider', 1_000, 1);
  const [first, second] = [await boot(rate), await boot(rate)];
  await shop.order(first, 1);
  const [refused] = await shop.expectSubmits(1);
  const pauseMs = 2_000;
  refused?.fail(
    new ProviderError('NO_CREDITS', 'No credits.', { refused: true, account: true, retryAfterMs: pauseMs }),
  );
  await eventually(async () =>
    expect(await shop.sql('select name from bucket where paused_until is not null')).toHaveLength(1),
  );
  const paused = Date.now();
  shop.onSubmit = ({ piece, answer }) => answer(`job-${piece.taskId}`);
  await Promise.all([first, second].map(app => shop.order(app, 5)));

  await shop.expectStatuses({ running: 11 });
  expect(Math.min(...shop.submits.slice(1).map(({ at }) => at)) - paused).toBeGreaterThan(pauseMs - 500);
});
