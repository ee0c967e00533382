import { httpOptions, loadConfig, ProviderError } from '@castad/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { VideoServiceConfig } from '../video-service.config.ts';
import { CreatomateClient } from './creatomate.client.ts';
import type { RenderScript } from './render-script.ts';

type Answer = (reply: ServerResponse) => void;
const json =
  (status: number, body: unknown): Answer =>
  reply =>
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const plain =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  reply =>
    reply.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(body);
const refusal = (status: number) => json(status, { hint: 'the key, the photo', documentation: 'https://docs.example' });

const script: RenderScript = {
  output_format: 'mp4',
  duration: 10,
  elements: [{ type: 'audio', name: 'Song', source: 'https://blob.example/song.mp3?sig=secret' }],
};
const render = (status: string, changes: object = {}) => ({
  id: 'render-1',
  status,
  error_message: null,
  url: 'https://files.example/render-1.mp4',
  metadata: 'the-token',
  ...changes,
});

describe('CreatomateClient', () => {
  let answer: Answer;
  let client: CreatomateClient;
  let calls: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[];
  const server = createServer((call, reply) => {
    void text(call).then(body => {
      calls.push({ method: call.method, url: call.url, headers: call.headers, body });
      answer(reply);
    });
  });

  const open = (changes: Record<string, string> = {}) => {
    const config = loadConfig(VideoServiceConfig, {
      MYSQL_URL: 'mysql://u:p@localhost/db',
      KAFKA_BROKERS: 'localhost:9092',
      PUBLIC_URL: 'http://castad.example',
      STORAGE_URL: 'http://storage.example',
      INTERNAL_SECRET: 'a-secret-of-some-length',
      CREATOMATE_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      CREATOMATE_API_KEY: 'the-key',
      CREATOMATE_TEMPLATES: '9:16=template-1',
      ...changes,
    });
    return new CreatomateClient(new HttpService(axios.create(httpOptions(config))), config);
  };
  const submit = (by = client) =>
    by.submit(script, 'http://castad.example/callbacks/creatomate/the-token', 'the-token');
  const failure = async (call: Promise<unknown>): Promise<ProviderError> => {
    const thrown: unknown = await call.catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ProviderError);
    return thrown as ProviderError;
  };

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = open();
  });
  beforeEach(() => {
    calls = [];
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  describe('submit', () => {
    it('orders the render, with our callback and token', async () => {
      answer = json(202, render('planned'));
      expect(await submit()).toBe('render-1');
      const [call] = calls;
      expect(call).toMatchObject({ method: 'POST', url: '/v2/renders' });
      expect(call?.headers).toMatchObject({ authorization: 'Bearer the-key', 'user-agent': 'castad/1.0' });
      expect(JSON.parse(call?.body ?? '')).toEqual({
        ...script,
        webhook_url: 'http://castad.example/callbacks/creatomate/the-token',
        metadata: 'the-token',
      });
    });

    it('calls the same address with and without a slash at its end', async () => {
      answer = json(202, render('planned'));
      const { port } = server.address() as AddressInfo;
      for (const end of ['', '/', '//']) {
        client = open({ CREATOMATE_BASE_URL: `http://127.0.0.1:${port}/below${end}` });
        await submit();
      }
      expect(calls.map(({ url }) => url)).toEqual(Array(3).fill('/below/v2/renders'));
      client = open();
    });

    it('says in the log what of an order Creatomate leaves out, and follows the render', async () => {
      const logged: object[] = [];
      Object.assign(client, { logger: { warn: (entry: object) => logged.push(entry) } });
      const warnings = ['The font is not there.', { message: "The modification 'Photo.x' matches no element." }];
      answer = json(202, render('planned', { errors: ['Not https://a.example/1.jpg?sig=x'], warnings }));
      expect(await submit()).toBe('render-1');
      expect(logged).toEqual([
        { jobId: 'render-1', remarks: expect.stringMatching(/^Not https:[^?]* The font is not there\. .*Photo\.x/) },
      ]);
      for (const none of [
        { warnings: [], errors: [] },
        { warnings: 'none', errors: null },
      ]) {
        answer = json(202, render('planned', none));
        expect(await submit()).toBe('render-1');
      }
      expect(logged).toHaveLength(1);
    });

    it.each([
      [400, { code: 'CREATOMATE_REFUSED', refused: true, retriable: false, account: false }],
      [401, { code: 'CREATOMATE_UNAUTHORIZED', refused: true, retriable: false, account: true }],
      [403, { code: 'CREATOMATE_UNAUTHORIZED', refused: true, retriable: false, account: true }],
      [402, { code: 'CREATOMATE_CREDITS_EXHAUSTED', refused: true, retriable: false, account: true }],
      [404, { code: 'CREATOMATE_NOT_FOUND', refused: true, retriable: false, account: false }],
      [408, { code: 'CREATOMATE_SERVER_ERROR', refused: false, retriable: true, account: false }],
      [422, { code: 'CREATOMATE_REFUSED', refused: true, retriable: false, account: false }],
      [500, { code: 'CREATOMATE_SERVER_ERROR', refused: false, retriable: true, account: false }],
      [503, { code: 'CREATOMATE_SERVER_ERROR', refused: false, retriable: true, account: false }],
    ])('takes a %i as its meaning, with or without words', async (status, meaning) => {
      answer = refusal(status);
      expect(await failure(submit())).toMatchObject(meaning);
      answer = plain(status);
      expect(await failure(submit())).toMatchObject(meaning);
    });

    it("keeps Creatomate's words for a person, without secrets", async () => {
      const hint = 'No key the-key may see https://blob.example/1.jpg?se=1&sig=secret';
      answer = json(400, { hint, documentation: 'https://docs.example' });
      const detail = 'HTTP 400 No key [redacted] may see https://blob.example/1.jpg';
      expect(await failure(submit())).toMatchObject({ detail });
      answer = plain(429, 'Too Many Requests');
      expect(await failure(submit())).toMatchObject({ detail: 'HTTP 429 Too Many Requests' });
      answer = plain(502, '<html><body>Bad gateway</body></html>');
      expect(await failure(submit())).toMatchObject({ detail: 'HTTP 502' });
      answer = json(400, { hint: { not: 'a text' } });
      expect(await failure(submit())).toMatchObject({ detail: 'HTTP 400' });
    });

    it('waits as long as it is told after a 429, which is plain text', async () => {
      const limited = { code: 'CREATOMATE_RATE_LIMITED', refused: true, rateLimited: true, account: false };
      answer = plain(429, 'Too Many Requests', { 'retry-after': '9', 'x-ratelimit-remaining': '0' });
      expect(await failure(submit())).toMatchObject({ ...limited, retryAfterMs: 9_000 });
      answer = plain(429, 'Too Many Requests');
      expect(await failure(submit())).toMatchObject({ ...limited, retryAfterMs: 10_000 });
    });

    it.each([
      ['a web page', plain(200, '<html>Bad gateway</html>', { 'content-type': 'text/html' })],
      ['nothing', plain(202)],
      ['null', json(202, null)],
      ['the list of version 1', json(202, [render('planned')])],
      ['a render without id', json(202, { status: 'planned' })],
      ['an id that is none', json(202, { id: 7 })],
      ['an id that no column holds', json(202, { id: 'x'.repeat(101) })],
    ])('does not know what became of the order when the answer is %s', async (_, given) => {
      answer = given;
      expect(await failure(submit())).toMatchObject({ code: 'CREATOMATE_GARBAGE', refused: false });
    });

    it('does not know what became of the order when there is no answer in time', async () => {
      answer = () => undefined;
      expect(await failure(submit(open({ HTTP_TIMEOUT_MS: '200' })))).toMatchObject({
        ...{ code: 'CREATOMATE_TIMEOUT', refused: false, retriable: true },
      });
    });

    it('does not know what became of the order when the connection breaks', async () => {
      answer = reply => reply.destroy();
      expect(await failure(submit())).toMatchObject({ code: 'CREATOMATE_NO_ANSWER', refused: false });
    });

    it('knows that nothing was ordered where nobody listens', async () => {
      const nobody = createServer();
      await once(nobody.listen(0, '127.0.0.1'), 'listening');
      const { port } = nobody.address() as AddressInfo;
      await new Promise(resolve => nobody.close(resolve));
      client = open({ CREATOMATE_BASE_URL: `http://127.0.0.1:${port}` });
      expect(await failure(submit())).toMatchObject({ code: 'CREATOMATE_UNREACHABLE', refused: true });
      client = open();
    });

    it('lets neither key, link nor provider text out with an error', async () => {
      for (answer of [refusal(400), plain(500, 'the photo'), reply => reply.destroy()] satisfies Answer[]) {
        const error = await failure(submit());
        const all = `${error.message} ${error.stack} ${String((error.cause as Error).stack)}`;
        expect(all).not.toMatch(/the-key|the photo|sig=/);
        expect(Object.keys(error.cause as object)).not.toContain('config');
      }
    });
  });

  describe('find', () => {
    const find = (body: unknown) => {
      answer = json(200, body);
      return client.find('render-1');
    };

    it('asks for the render, and shows whose it is', async () => {
      expect(await find(render('rendering'))).toEqual({ state: 'running', metadata: 'the-token' });
      expect(calls[0]).toMatchObject({ method: 'GET', url: '/v2/renders/render-1' });
    });

    it.each(['planned', 'waiting', 'transcribing', 'rendering', 'something-new'])(
      'keeps waiting at %s',
      async status => {
        expect(await find(render(status))).toMatchObject({ state: 'running' });
      },
    );

    it('finds film and poster', async () => {
      const succeeded = render('succeeded', { snapshot_url: 'https://files.example/render-1.jpg', duration: 10.2 });
      expect(await find(succeeded)).toEqual({
        state: 'done',
        metadata: 'the-token',
        url: 'https://files.example/render-1.mp4',
        posterUrl: 'https://files.example/render-1.jpg',
        durationSeconds: 10.2,
      });
    });

    it.each([
      ['nothing', undefined],
      ['null', null],
      ['zero', 0],
      ['a negative number', -3],
      ['words', 'long'],
      ['milliseconds', 10_200],
    ])('can do without a poster, a metadata and a duration that are %s', async (_, nonsense) => {
      const changes = { metadata: nonsense, snapshot_url: nonsense, duration: nonsense };
      expect(await find(render('succeeded', changes))).toEqual({
        state: 'done',
        metadata: expect.any(String),
        url: 'https://files.example/render-1.mp4',
      });
    });

    it('reads a duration that is written as text, and takes a metadata that is no text for none', async () => {
      const found = await find(render('succeeded', { duration: '10.2', metadata: { token: 'the-token' } }));
      expect(found).toMatchObject({ state: 'done', durationSeconds: 10.2, metadata: '' });
    });

    it.each([null, '', 7, 'film.mp4', 'ftp://files.example/1.mp4', `https://files.example/${'x'.repeat(2_000)}`])(
      'ends at once where the finished film has no usable address but %j',
      async url => {
        const found = await find(render('succeeded', { url, error_message: 'The file has expired.' }));
        const failure = { code: 'CREATOMATE_NO_FILE', retryable: true, detail: 'succeeded The file has expired.' };
        expect(found).toMatchObject({ state: 'failed', failure });
      },
    );

    it.each([
      ['failed', 'Unable to fetch asset: https://blob.example/1.jpg?sig=secret', 'CREATOMATE_ASSET_UNREACHABLE'],
      ['failed', 'An internal error occurred.', 'CREATOMATE_RENDER_FAILED'],
      ['failed', null, 'CREATOMATE_RENDER_FAILED'],
      ['failed', { not: 'a text' }, 'CREATOMATE_RENDER_FAILED'],
      ['encoding_failed', 'The codec is broken.', 'CREATOMATE_RENDER_FAILED'],
      ['internal-error', 'The codec is broken.', 'CREATOMATE_RENDER_FAILED'],
      ['cancelled', null, 'CREATOMATE_CANCELLED'],
      ['canceled', null, 'CREATOMATE_CANCELLED'],
    ])("knows why at %s with the words %j, and keeps Creatomate's", async (status, error_message, code) => {
      const found = await find(render(status, { error_message }));
      expect(found).toMatchObject({ state: 'failed', failure: { code, retryable: true } });
      const { failure } = found as { failure: { reason: string; detail: string } };
      expect(failure.reason).not.toMatch(/internal error|codec/);
      expect(failure.detail).toMatch(new RegExp(`^${status}`));
      if (typeof error_message === 'string') expect(failure.detail).toContain(error_message.replace(/\?.*/, ''));
      expect(JSON.stringify(found)).not.toContain('sig=');
    });

    it('says so when Creatomate does not know the render', async () => {
      answer = refusal(404);
      expect(await client.find('render-1')).toBeUndefined();
    });

    it.each([
      [429, 'CREATOMATE_RATE_LIMITED'],
      [500, 'CREATOMATE_SERVER_ERROR'],
      [503, 'CREATOMATE_SERVER_ERROR'],
    ])('may ask again after a %i', async (status, code) => {
      answer = plain(status);
      expect(await failure(client.find('render-1'))).toMatchObject({ code, retriable: true });
    });

    it('may ask again after what is no render', async () => {
      for (answer of [json(200, {}), json(200, { status: 7 }), json(200, []), json(200, null), plain(200, '<html>')])
        expect(await failure(client.find('render-1'))).toMatchObject({ code: 'CREATOMATE_GARBAGE', retriable: true });
    });
  });

  describe('dryRun', () => {
    it('says what Creatomate has against a render, or leaves out of it, and orders nothing', async () => {
      answer = json(200, { valid: true, errors: [], warnings: [], source: script });
      expect(await client.dryRun(script)).toEqual({});
      expect(JSON.parse(calls[0]?.body ?? '')).toEqual({ ...script, dry_run: true });
      answer = json(200, { valid: true, errors: [], warnings: ['A font is missing.'], source: script });
      expect(await client.dryRun(script)).toEqual({ remarks: 'A font is missing.' });
      const errors = ['Photo has no source.', { path: 'elements[1]', message: 'Not https://a.example/1.jpg?sig=x' }];
      answer = json(200, { valid: false, errors, warnings: ['A font is missing.'] });
      const objections = expect.stringMatching(/^Photo has no source\. .*elements\[1\].*Not https:[^?]*$/);
      expect(await client.dryRun(script)).toEqual({ objections });
      answer = json(200, { valid: false });
      expect(await client.dryRun(script)).toEqual({ objections: 'The dry run failed.' });
    });

    it('gives the words with which Creatomate refuses the request', async () => {
      for (const status of [400, 422]) {
        answer = refusal(status);
        expect(await client.dryRun(script)).toEqual({ objections: `HTTP ${status} the key, the photo` });
      }
    });

    it.each([
      [json(202, render('planned')), 'CREATOMATE_GARBAGE'],
      [json(200, { valid: 'yes' }), 'CREATOMATE_GARBAGE'],
      [refusal(401), 'CREATOMATE_UNAUTHORIZED'],
      [refusal(402), 'CREATOMATE_CREDITS_EXHAUSTED'],
      [plain(429), 'CREATOMATE_RATE_LIMITED'],
      [plain(503), 'CREATOMATE_SERVER_ERROR'],
    ])('is not known where Creatomate does not say', async (given, code) => {
      answer = given;
      expect(await failure(client.dryRun(script))).toMatchObject({ code });
    });
  });

  describe('template', () => {
    it('is its source', async () => {
      answer = json(200, { id: 'template 1', name: 'Shop film', source: script });
      expect(await client.template('template 1')).toEqual(script);
      expect(calls[0]).toMatchObject({ method: 'GET', url: '/v2/templates/template%201' });
    });

    it('is not there when Creatomate does not know it', async () => {
      answer = refusal(404);
      expect(await failure(client.template('t'))).toMatchObject({ code: 'CREATOMATE_NOT_FOUND', retriable: false });
    });

    it('may be asked for again after an answer without elements', async () => {
      for (const source of [undefined, {}, { elements: {} }, { elements: [null] }]) {
        answer = json(200, { id: 't', source });
        expect(await failure(client.template('t'))).toMatchObject({ code: 'CREATOMATE_GARBAGE', retriable: true });
      }
    });
  });
});
