import { loadConfig, ProviderError } from '@castad/platform';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { LyricServiceConfig } from '../lyric-service.config.ts';
import { OpenAiClient } from './openai.client.ts';

const request = { businessName: '바다민박', region: '속초', language: 'ko', durationSeconds: 30 };
const lyric = { title: '바다민박', style: 'folk', sections: [{ label: 'verse', lines: ['파도 소리'] }] };
const message = (content: string | null, refusal: string | null = null) => ({ role: 'assistant', content, refusal });
const completion = (choice: object) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, finish_reason: 'stop', message: message(JSON.stringify(lyric)), ...choice }],
  usage: { prompt_tokens: 120, completion_tokens: 80, total_tokens: 200 },
});

type Answer = (call: IncomingMessage, reply: ServerResponse, body: string) => void;
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, reply) =>
    reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const error = (status: number, code: string | null, headers?: Record<string, string>) =>
  json(status, { error: { message: 'secret prompt echoed', type: 'requests', param: null, code } }, headers);

Logger.overrideLogger(false);

describe('OpenAiClient', () => {
  let answer: Answer;
  let connections: number;
  let client: OpenAiClient;
  const server = createServer((call, reply) => void text(call).then(body => answer(call, reply, body)));
  server.on('connection', () => connections++);

  const open = (environment: Record<string, string> = {}) =>
    new OpenAiClient(
      loadConfig(LyricServiceConfig, {
        MYSQL_URL: 'mysql://u:p@localhost/db',
        KAFKA_BROKERS: 'localhost:9092',
        OPENAI_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
        OPENAI_API_KEY: 'sk-canary',
        ...environment,
      }),
    );

  const failure = async (): Promise<ProviderError> => {
    const thrown: unknown = await client.write(request, 500).catch((e: unknown) => e);
    expect(thrown).toBeInstanceOf(ProviderError);
    return thrown as ProviderError;
  };

  beforeEach(async () => {
    connections = 0;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = open();
  });

  afterEach(async () => {
    await client.onApplicationShutdown();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  it('asks for a lyric of the schema, within the tokens, as the key it was given', async () => {
    let sent: { headers: IncomingMessage['headers']; body: Record<string, unknown> } | undefined;
    answer = (call, reply, body) => {
      sent = { headers: call.headers, body: JSON.parse(body) };
      json(200, completion({}))(call, reply, body);
    };
    expect(await client.write({ ...request, style: 'jazz' }, 500)).toEqual({
      lyrics: [lyric],
      model: 'gpt-4o-mini-2024-07-18',
      promptTokens: 120,
      completionTokens: 80,
    });
    expect(sent?.headers.authorization).toBe('Bearer sk-canary');
    expect(sent?.body).toMatchObject({
      model: 'gpt-4o-mini',
      max_completion_tokens: 500,
      response_format: { type: 'json_schema', json_schema: { name: 'lyric', strict: true } },
    });
    const [system, user] = sent?.body.messages as { role: string; content: string }[];
    expect(system?.role).toBe('system');
    expect(JSON.parse(user?.content ?? '')).toEqual({ ...request, style: 'jazz' });
  });

  it('calls the same address with and without a slash at its end', async () => {
    const { port } = server.address() as AddressInfo;
    const called: unknown[] = [];
    answer = (...call) => {
      called.push(call[0].url);
      json(200, completion({}))(...call);
    };
    for (const end of ['', '/', '//']) {
      await client.onApplicationShutdown();
      client = open({ OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1${end}` });
      await client.write(request, 500);
    }
    expect(called).toEqual(Array(3).fill('/v1/chat/completions'));
  });

  it('knows the token limit by its former name where that is configured', async () => {
    await client.onApplicationShutdown();
    client = open({ OPENAI_MAX_TOKENS_FIELD: 'max_tokens' });
    let body: unknown;
    answer = (call, reply, sent) => {
      body = JSON.parse(sent);
      json(200, completion({}))(call, reply, sent);
    };
    await client.write(request, 500);
    expect(body).toMatchObject({ max_tokens: 500 });
    expect(body).not.toHaveProperty('max_completion_tokens');
  });

  it('does without usage, model and refusal, which other servers leave out', async () => {
    answer = json(200, { choices: [{ message: { content: JSON.stringify(lyric) } }] });
    expect(await client.write(request, 500)).toEqual({ lyrics: [lyric] });
  });

  it('takes no name and no count that no row can hold', async () => {
    const usage = { prompt_tokens: 1.5, completion_tokens: 2 ** 40 };
    for (const model of [7, '', 'x'.repeat(101)]) {
      answer = json(200, { ...completion({}), model, usage });
      expect(await client.write(request, 500)).toEqual({ lyrics: [lyric] });
    }
    answer = json(200, { ...completion({}), usage: { prompt_tokens: '120' } });
    expect(await client.write(request, 500)).toMatchObject({ promptTokens: 120 });
  });

  it('opens no more connections than the pool holds, and uses them again', async () => {
    await client.onApplicationShutdown();
    client = open({ HTTP_MAX_SOCKETS: '3' });
    answer = (...call) => setImmediate(() => json(200, completion({}))(...call));
    for (let round = 0; round < 3; round++)
      await Promise.all(Array.from({ length: 12 }, () => client.write(request, 500)));
    expect(connections).toBe(3);
  });

  it.each([
    ['fenced', `\`\`\`json\n${JSON.stringify(lyric)}\n\`\`\``],
    ['after a greeting', `Here are your lyrics:\n${JSON.stringify(lyric, null, 2)}`],
    ['between other words', `Sure! ${JSON.stringify(lyric)} Shall I go on?`],
    ['after thoughts in braces', `<think>{"style": "folk"} or {x}?</think>${JSON.stringify(lyric)}`],
  ])('reads a lyric that comes %s', async (_, content) => {
    answer = json(200, completion({ message: message(content) }));
    expect(await client.write(request, 500)).toMatchObject({ lyrics: [lyric] });
  });

  describe('asked for several lyrics', () => {
    const asked = { ...request, drafts: 3 };
    const lyrics = ['하나', '둘', '셋'].map(title => ({ ...lyric, title }));

    it('asks once, in a form that holds as many as it says', async () => {
      const sent: Record<string, unknown>[] = [];
      answer = (call, reply, body) => {
        sent.push(JSON.parse(body) as Record<string, unknown>);
        json(200, completion({ message: message(JSON.stringify({ lyrics })) }))(call, reply, body);
      };
      expect(await client.write(asked, 500)).toMatchObject({ lyrics, completionTokens: 80 });
      expect(sent).toMatchObject([{ response_format: { json_schema: { name: 'lyrics', strict: true } } }]);
      const [system, user] = sent[0]?.messages as { content: string }[];
      expect(JSON.parse(user?.content ?? '')).toEqual(asked);
      expect(system?.content).toContain('{"lyrics": [{"title"');
      expect(system?.content).toContain('an angle of its own');
    });

    it.each([
      ['that are not all lyrics', JSON.stringify({ lyrics: [{ title: 'a' }, lyrics[0], 'la la', null, lyrics[2]] })],
      ['between other words', `Sure! ${JSON.stringify({ lyrics: [lyrics[0], lyrics[2]] })} Shall I go on?`],
    ])('reads those of use, where they come %s', async (_, content) => {
      answer = json(200, completion({ message: message(content) }));
      expect((await client.write(asked, 500)).lyrics).toEqual([lyrics[0], lyrics[2]]);
    });

    it('reads the one that a model wrote instead', async () => {
      answer = json(200, completion({}));
      expect((await client.write(asked, 500)).lyrics).toEqual([lyric]);
    });

    it.each([{ lyrics: [] }, { lyrics: 'la la la' }, { lyrics: [{ title: 'a', style: 'b', sections: 'la' }] }])(
      'takes %j for garbage',
      async body => {
        answer = json(200, completion({ message: message(JSON.stringify(body)) }));
        await expect(client.write(asked, 500)).rejects.toMatchObject({ code: 'OPENAI_GARBAGE', retriable: true });
      },
    );
  });

  describe('a model that does not take a parameter', () => {
    let sent: Record<string, unknown>[];
    const refusing =
      (names: string[], refusal: (name: string) => object): Answer =>
      (call, reply, body) => {
        sent.push(JSON.parse(body) as Record<string, unknown>);
        const name = names.find(each => each in (sent.at(-1) ?? {}));
        const refused =
          name && json(400, { error: { message: 'No.', type: 'invalid', param: null, code: null, ...refusal(name) } });
        (refused || json(200, completion({})))(call, reply, body);
      };
    const coded = (param: string) => ({ param, code: 'unsupported_parameter' });

    beforeEach(() => {
      sent = [];
    });

    it('is asked again at once without it, and never with it again', async () => {
      answer = refusing(['response_format'], coded);
      for (let call = 0; call < 2; call++) expect(await client.write(request, 500)).toMatchObject({ lyrics: [lyric] });
      expect(sent.map(body => 'response_format' in body)).toEqual([true, false, false]);
    });

    it('gets the limit of tokens by its other name, or none', async () => {
      answer = refusing(['max_completion_tokens'], name => ({
        message: `Unsupported parameter: '${name}' is not supported with this model. Use 'max_tokens' instead.`,
      }));
      await client.write(request, 500);
      expect(sent[1]).toMatchObject({ max_tokens: 500 });
      answer = refusing(['max_tokens'], name => ({ param: name, code: 'unsupported_value' }));
      await client.write(request, 500);
      expect(Object.keys(sent.at(-1) ?? {})).toEqual(['model', 'messages', 'response_format']);
    });

    it('is not asked again for what it needs, or for what was not sent', async () => {
      answer = refusing(['model'], coded);
      expect(await failure()).toMatchObject({ code: 'OPENAI_REJECTED' });
      answer = refusing(['model'], () => ({ param: 'max_tokens', code: 'unsupported_parameter' }));
      expect(await failure()).toMatchObject({ code: 'OPENAI_REJECTED' });
      expect(sent).toHaveLength(2);
    });
  });

  it.each([
    ['a refusal', completion({ message: message(null, 'I cannot.') }), 'OPENAI_REFUSED', false],
    ['a content filter', completion({ finish_reason: 'content_filter' }), 'OPENAI_CONTENT_FILTER', false],
    [
      'a text cut at the limit',
      completion({ finish_reason: 'length', message: message('{"ti') }),
      'OPENAI_TRUNCATED',
      true,
    ],
    ['prose', completion({ message: message('Here are your lyrics: la la') }), 'OPENAI_GARBAGE', true],
    ['another schema', completion({ message: message('{"title":"a","sections":"la la"}') }), 'OPENAI_GARBAGE', true],
    ['no content', completion({ message: message(null) }), 'OPENAI_EMPTY', true],
    ['blanks', completion({ message: message(' \n') }), 'OPENAI_EMPTY', true],
    ['content in parts', completion({ message: { content: [{ type: 'text' }] } }), 'OPENAI_GARBAGE', true],
    ['no choices', { id: 'x', choices: [] }, 'OPENAI_GARBAGE', true],
    ['an error under 200', { error: { message: 'no', code: 'x' } }, 'OPENAI_GARBAGE', true],
  ])('takes %s for what it is', async (_, body, code, retriable) => {
    answer = json(200, body);
    expect(await failure()).toMatchObject({ code, retriable });
  });

  it.each([
    [401, 'invalid_api_key', { code: 'OPENAI_UNAUTHORIZED', retriable: false, account: true }],
    [403, null, { code: 'OPENAI_UNAUTHORIZED', retriable: false, account: true }],
    [429, 'insufficient_quota', { code: 'OPENAI_QUOTA_EXHAUSTED', retriable: false, account: true }],
    [429, 'organization_spend_limit_exceeded', { code: 'OPENAI_QUOTA_EXHAUSTED', retriable: false, account: true }],
    [429, 'project_spend_limit_exceeded', { code: 'OPENAI_QUOTA_EXHAUSTED', retriable: false, account: true }],
    [429, 'user_usage_limit_exceeded', { code: 'OPENAI_QUOTA_EXHAUSTED', retriable: false, account: true }],
    [429, 'credit_balance_exhausted', { code: 'OPENAI_QUOTA_EXHAUSTED', retriable: false, account: true }],
    [403, 'project_spend_limit_exceeded', { code: 'OPENAI_QUOTA_EXHAUSTED', retriable: false, account: true }],
    [429, 'slow_down', { code: 'OPENAI_RATE_LIMITED', retriable: true, refused: true, account: false }],
    [422, null, { code: 'OPENAI_REJECTED', retriable: false }],
    [502, null, { code: 'OPENAI_SERVER_ERROR', retriable: true, refused: true }],
    [429, 'rate_limit_exceeded', { code: 'OPENAI_RATE_LIMITED', retriable: true, refused: true }],
    [400, 'content_filter', { code: 'OPENAI_CONTENT_FILTER', retriable: false }],
    [400, null, { code: 'OPENAI_REJECTED', retriable: false }],
    [402, null, { code: 'OPENAI_QUOTA_EXHAUSTED', retriable: false, refused: true, account: true }],
    [404, 'model_not_found', { code: 'OPENAI_REJECTED', retriable: false, account: true }],
    [404, null, { code: 'OPENAI_REJECTED', retriable: false, account: false }],
    [500, null, { code: 'OPENAI_SERVER_ERROR', retriable: true, refused: true }],
    [503, 'server_is_overloaded', { code: 'OPENAI_SERVER_ERROR', retriable: true, refused: true }],
    [504, null, { code: 'OPENAI_SERVER_ERROR', retriable: true, refused: false }],
  ])('classifies %i %s', async (status, code, expected) => {
    answer = error(status, code);
    expect(await failure()).toMatchObject(expected);
  });

  it('takes a spent quota from the type alone, and a local server that is loading for one that will be there', async () => {
    answer = json(429, { error: { message: 'x', type: 'insufficient_quota', param: null, code: null } });
    expect(await failure()).toMatchObject({ code: 'OPENAI_QUOTA_EXHAUSTED', account: true });
    answer = json(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } });
    expect(await failure()).toMatchObject({
      code: 'OPENAI_SERVER_ERROR',
      retriable: true,
      refused: true,
      account: false,
      detail: '503 503 unavailable_error Loading model',
    });
  });

  it("hands on the provider's own words, without the key", async () => {
    const words = { message: 'Bad max_tokens for sk-canary, sk-proj-1***ary.', type: 'invalid', param: 'max_tokens' };
    answer = json(400, { error: { ...words, code: 'invalid_value' } });
    expect((await failure()).detail).toBe(
      '400 invalid_value invalid max_tokens Bad max_tokens for [redacted], [redacted].',
    );
    answer = json(200, completion({ message: message(null, 'I cannot.') }));
    expect((await failure()).detail).toBe('I cannot.');
    answer = (_, reply) => reply.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad gateway</html>');
    expect((await failure()).detail).toBe('502');
  });

  it('waits as long as the provider asks', async () => {
    answer = error(429, 'rate_limit_exceeded', { 'retry-after': '7' });
    expect((await failure()).retryAfterMs).toBe(7_000);
    answer = error(429, 'rate_limit_exceeded', { 'retry-after': '7', 'retry-after-ms': '1500' });
    expect((await failure()).retryAfterMs).toBe(1_500);
    answer = error(503, null, { 'retry-after': '0.5', 'retry-after-ms': 'soon' });
    expect((await failure()).retryAfterMs).toBe(500);
    answer = error(503, null);
    expect((await failure()).retryAfterMs).toBeUndefined();
  });

  describe('a model that reasons', () => {
    let limits: unknown[];
    const limited =
      (body: object): Answer =>
      (call, reply, sent) => {
        limits.push((JSON.parse(sent) as { max_completion_tokens: number }).max_completion_tokens);
        json(200, body)(call, reply, sent);
      };
    const thinking = (reasoning_tokens: unknown) => ({
      ...completion({}),
      usage: { completion_tokens: 80, completion_tokens_details: { reasoning_tokens } },
    });
    beforeEach(() => {
      limits = [];
    });

    it.each([
      ['counts its thoughts', thinking(300)],
      ['has spent all its tokens on them', completion({ finish_reason: 'length', message: message('') })],
    ])('is given room for that once it %s', async (_, body) => {
      answer = limited(body);
      await client.write(request, 500).catch(() => undefined);
      await client.write(request, 1_000).catch(() => undefined);
      expect(limits).toEqual([500, 9_000]);
    });

    it.each([[0], [null], [undefined], ['none']])('is not seen in %j tokens of reasoning', async count => {
      answer = limited(thinking(count));
      await client.write(request, 500);
      answer = limited(completion({ finish_reason: 'length', message: message('{"ti') }));
      await failure();
      await failure();
      expect(limits).toEqual([500, 500, 500]);
    });
  });

  describe('moderation', () => {
    let calls: string[];
    let verdicts: Answer[];
    const verdict = (flagged: unknown, categories: object = { violence: true, hate: false }) =>
      json(200, { id: 'modr-1', model: 'omni-moderation-latest', results: [{ flagged, categories }] });
    const moderated = (...answers: Answer[]) => {
      calls = [];
      verdicts = answers;
      answer = (call, reply, body) => {
        const { input, model } = JSON.parse(body) as { input?: string; model: string };
        calls.push(call.url === '/v1/moderations' ? `${model}: ${input}` : 'model');
        (call.url === '/v1/moderations' ? verdicts.shift() : json(200, completion({})))?.(call, reply, body);
      };
    };
    beforeEach(async () => {
      await client.onApplicationShutdown();
      client = open({ OPENAI_MODERATION: 'on' });
    });

    it('is asked about the brief before the model is, and then about the lyric', async () => {
      moderated(verdict(false), verdict(false));
      expect(await client.write({ ...request, description: '바다가 보인다' }, 500)).toMatchObject({ lyrics: [lyric] });
      const [brief, lyrics] = ['바다민박\n속초\n바다가 보인다', '바다민박\nfolk\n파도 소리'].map(
        input => `omni-moderation-latest: ${input}`,
      );
      expect(calls).toEqual([brief, 'model', lyrics]);
    });

    it('is not asked where it is switched off', async () => {
      client = open();
      moderated();
      await client.write(request, 500);
      await client.check(lyric);
      expect(calls).toEqual(['model']);
    });

    it('ends an order whose brief it flags, before a model is called', async () => {
      moderated(verdict(true));
      expect(await failure()).toMatchObject({ code: 'OPENAI_FLAGGED', retriable: false, detail: 'violence' });
      expect(calls).toHaveLength(1);
    });

    it('has a lyric that it flags written again, and refuses one of a client', async () => {
      moderated(verdict(false), verdict(true));
      expect(await failure()).toMatchObject({ code: 'OPENAI_FLAGGED', retriable: true, refused: false });
      moderated(verdict(true));
      const refusal = { code: 'OPENAI_FLAGGED', message: expect.stringContaining('lyric'), retriable: false };
      await expect(client.check(lyric)).rejects.toMatchObject(refusal);
    });

    it.each<[string, Answer, object]>([
      ['is not there', error(404, null), { code: 'OPENAI_NO_MODERATION', account: true }],
      ['is busy', error(429, null), { code: 'OPENAI_RATE_LIMITED', retriable: true }],
      ['breaks off', call => call.socket.destroy(), { code: 'OPENAI_NO_ANSWER', retriable: true }],
      ['gives no verdict', verdict('no'), { code: 'OPENAI_GARBAGE', retriable: true }],
      ['answers a page', (_, reply) => reply.end('<html>'), { code: 'OPENAI_GARBAGE', retriable: true }],
    ])('that %s costs nothing before the model is called, and a call after that', async (_, trouble, expected) => {
      moderated(trouble);
      expect(await failure()).toMatchObject({ ...expected, refused: true });
      expect(calls).not.toContain('model');
      moderated(verdict(false), trouble);
      expect(await failure()).toMatchObject({ ...expected, refused: false });
    });
  });

  it('gives up on an answer that does not come, or does not end', async () => {
    await client.onApplicationShutdown();
    client = open({ HTTP_TIMEOUT_MS: '100' });
    answer = () => undefined;
    expect(await failure()).toMatchObject({ code: 'OPENAI_TIMEOUT', retriable: true, refused: false });
    answer = (_, reply) => reply.writeHead(200, { 'content-type': 'application/json' }).write('{"choices":');
    expect(await failure()).toMatchObject({ code: 'OPENAI_TIMEOUT', retriable: true, refused: false });
  });

  it('tells a call that was broken off from one that was never made', async () => {
    answer = call => call.socket.destroy();
    expect(await failure()).toMatchObject({ code: 'OPENAI_NO_ANSWER', retriable: true, refused: false });
    answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"choices":');
      reply.destroy();
    };
    expect(await failure()).toMatchObject({ code: 'OPENAI_NO_ANSWER', retriable: true, refused: false });
    client = open({ OPENAI_BASE_URL: 'http://127.0.0.1:2/v1' });
    expect(await failure()).toMatchObject({ code: 'OPENAI_UNREACHABLE', retriable: true, refused: true });
  });

  it.each([
    ['HTML', 'text/html', '<html>Bad gateway</html>'],
    ['broken JSON', 'application/json', '{"choices": ['],
    ['nothing', 'application/json', ''],
    ['a list', 'application/json', '[]'],
    ['null', 'application/json', 'null'],
  ])('takes %s for garbage', async (_, type, body) => {
    answer = (_call, reply) => reply.writeHead(200, { 'content-type': type }).end(body);
    expect(await failure()).toMatchObject({ code: 'OPENAI_GARBAGE', retriable: true });
  });

  it('does not read an answer without end', async () => {
    answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        while (reply.write('x'.repeat(65_536)));
      };
      reply.on('drain', more);
      more();
    };
    expect(await failure()).toMatchObject({ retriable: true });
  });

  it('tells nothing of the prompt, the key or the answer', async () => {
    answer = error(400, 'invalid_value');
    const { message: said, cause } = await failure();
    expect(`${said} ${String(cause)}`).not.toMatch(/secret prompt|sk-canary|바다/);
  });
});
