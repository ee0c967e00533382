import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { json, type Call } from './call.ts';
import { eventually, started, type Harness } from './harness.ts';
import { file } from './media.ts';

const bytes = Buffer.from('0123456789');

/** The smallest provider: it counts the work it has done. */
function counter() {
  const provider = {
    done: 0,
    routes: {
      'POST /jobs': (call: Call) => {
        provider.done += 1;
        call.job = `job-${provider.done}`;
        return json(200, { done: provider.done });
      },
      'GET /jobs/*': (call: Call) => json(200, { id: call.param }),
      'GET /media/*': (call: Call) => file(call, bytes, 'audio/mpeg'),
    },
    faultKinds: [],
    guard: () => undefined,
    refusal: (status: number) => json(status, { refused: status }),
    jobs: () => [],
    callbacks: () => [],
    reset: () => (provider.done = 0),
    close: () => undefined,
  };
  return provider;
}

describe('a stand-in', () => {
  let provider: ReturnType<typeof counter>;
  let standIn: Harness;

  beforeEach(async () => {
    provider = counter();
    standIn = await started(provider);
  });

  afterEach(() => standIn.close());

  const work = () => standIn.ask('/jobs', { n: 1 });
  const logged = () => standIn.requests();

  it('remembers every request with its body, answer and job', async () => {
    await work();
    await standIn.ask('/jobs/7?deep=1');
    expect(await logged()).toMatchObject([
      { method: 'POST', path: '/jobs', status: 200, job: 'job-1', body: { n: 1 }, problems: [], faults: [] },
      { method: 'GET', path: '/jobs/7', query: 'deep=1', status: 200, body: null },
    ]);
  });

  it('counts requests by path and method', async () => {
    await work();
    await work();
    await standIn.ask('/jobs/7');
    expect((await standIn.get('/__sim/requests?path=/jobs&count=true')).count).toBe(2);
    expect((await standIn.get('/__sim/requests?path=/jobs*&count=true')).count).toBe(3);
    expect(await standIn.get('/__sim/requests?method=GET')).toMatchObject({
      count: 1,
      requests: [{ path: '/jobs/7' }],
    });
  });

  it('counts the connections its clients open, but not those of its admin', async () => {
    await standIn.get('/__sim/requests');
    await Promise.all([work(), work(), work()].map(async answer => (await answer).text()));
    const { connections } = await standIn.get('/__sim/requests?count=true');
    expect(connections).toMatchObject({ total: 3, maxOpen: 3, media: { total: 0 } });
  });

  it('refuses unknown paths and broken bodies in the words of the provider', async () => {
    expect((await standIn.ask('/elsewhere')).status).toBe(404);
    expect(await standIn.post('/jobs', '{"n":')).toEqual({ refused: 400 });
    expect(provider.done).toBe(0);
  });

  it('forgets everything on reset', async () => {
    await standIn.fault({ endpoint: 'POST /jobs', kind: 'status', status: 503 });
    await work();
    await standIn.ask('/__sim/reset', {});
    expect((await work()).status).toBe(200);
    expect(await logged()).toHaveLength(1);
  });

  it('refuses a fault it does not understand', async () => {
    expect((await standIn.fault({ endpoint: 'POST /jobs', kind: 'meteorite' })).status).toBe(400);
  });

  describe('under a fault', () => {
    const under = (kind: string, more: object = {}) => standIn.fault({ endpoint: 'POST /jobs', kind, ...more });

    it('status: answers so and does no work', async () => {
      await under('status', { status: 429, times: 1, headers: { 'retry-after': '3' } });
      const answer = await work();
      expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
        429,
        '3',
        { refused: 429 },
      ]);
      expect(provider.done).toBe(0);
      expect((await work()).status).toBe(200);
      expect(await logged()).toMatchObject([
        { status: 429, faults: ['status'] },
        { status: 200, faults: [] },
      ]);
    });

    it('status with a body: says that instead', async () => {
      await under('status', { status: 503, body: { error: { type: 'unavailable_error' } } });
      expect(await standIn.post('/jobs', {})).toEqual({ error: { type: 'unavailable_error' } });
    });

    it('status-response: does the work and answers so all the same', async () => {
      await under('status-response', { status: 502 });
      expect((await work()).status).toBe(502);
      expect(await logged()).toMatchObject([{ status: 502, job: 'job-1' }]);
    });

    it('delay: waits and then works', async () => {
      await under('delay', { ms: 50 });
      const answer = work();
      await eventually(logged, entries => entries.length === 1);
      expect(provider.done).toBe(0);
      expect((await answer).status).toBe(200);
    });

    it('delay-response: works at once and waits with the answer', async () => {
      await under('delay-response', { ms: 50 });
      const answer = work();
      await eventually(logged, entries => entries[0]?.job === 'job-1');
      expect(await logged()).toMatchObject([{ status: null }]);
      expect((await answer).status).toBe(200);
    });

    it('drop-response: works and hangs up', async () => {
      await under('drop-response');
      await expect(work()).rejects.toThrow();
      expect(await logged()).toMatchObject([{ status: null, job: 'job-1' }]);
    });

    it('reset: hangs up without work', async () => {
      await under('reset');
      await expect(work()).rejects.toThrow();
      expect(provider.done).toBe(0);
    });

    it('hang: never answers', async () => {
      await under('hang');
      const gaveUp = AbortSignal.timeout(50);
      await expect(fetch(`${standIn.url}/jobs`, { method: 'POST', body: '{}', signal: gaveUp })).rejects.toThrow(
        'timeout',
      );
      expect(provider.done).toBe(0);
    });

    it('garbage: answers 200 with a page', async () => {
      await under('garbage');
      const answer = await work();
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('<html>')]);
    });

    it('truncate: promises a whole file and sends half', async () => {
      await standIn.fault({ endpoint: 'GET /media/*', kind: 'truncate' });
      const answer = await standIn.ask('/media/song.mp3');
      expect(answer.headers.get('content-length')).toBe('10');
      await expect(answer.arrayBuffer()).rejects.toThrow();
    });
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=20-30', 416, '', 'bytes */10'],
  ])('serves the range %s of a file', async (range, status, body, contentRange) => {
    const answer = await standIn.ask('/media/song.mp3', undefined, { range });
    expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
      status,
      body,
      contentRange,
    ]);
  });
});
