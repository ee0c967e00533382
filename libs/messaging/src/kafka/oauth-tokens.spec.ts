import { KafkaConfig, loadConfig } from '@castad/platform';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { OAuthTokens } from './oauth-tokens.ts';

interface Call {
  headers: IncomingHttpHeaders;
  form: Record<string, string>;
}

let calls: Call[];
let answer: (reply: ServerResponse) => void;

const server = createServer((request, reply) => {
  void text(request).then(body => {
    calls.push({ headers: request.headers, form: Object.fromEntries(new URLSearchParams(body)) });
    answer(reply);
  });
});

beforeEach(async () => {
  calls = [];
  answer = granting({ expires_in: 600 });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
});

/** Each token is told by its number. */
function granting(life: object) {
  return (reply: ServerResponse) => reply.end(JSON.stringify({ access_token: `token-${calls.length}`, ...life }));
}

function refusing(status: number, body: string) {
  return (reply: ServerResponse) => reply.writeHead(status).end(body);
}

function tokens(variables: Record<string, string> = {}): OAuthTokens {
  return new OAuthTokens(
    loadConfig(KafkaConfig, {
      KAFKA_BROKERS: 'one:9092',
      KAFKA_SASL_MECHANISM: 'oauthbearer',
      KAFKA_OAUTH_TOKEN_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
      KAFKA_OAUTH_CLIENT_ID: 'castad',
      KAFKA_OAUTH_CLIENT_SECRET: 'meadow:anchor',
      ...variables,
    }),
  );
}

it('asks with the client-credentials grant', async () => {
  expect(await tokens({ KAFKA_OAUTH_SCOPE: 'kafka produce' }).get()).toBe('token-1');
  expect(calls[0]?.form).toEqual({ grant_type: 'client_credentials', scope: 'kafka produce' });
  expect(calls[0]?.headers).toMatchObject({
    'content-type': expect.stringContaining('application/x-www-form-urlencoded') as unknown,
    authorization: `Basic ${Buffer.from('castad:meadow%3Aanchor').toString('base64')}`,
  });
});

it('asks once for all who want a token at the same time, and no more while it lasts', async () => {
  const source = tokens();
  expect(await Promise.all([source.get(), source.get(), source.get()])).toEqual(['token-1', 'token-1', 'token-1']);
  expect(await source.get()).toBe('token-1');
  expect(calls).toHaveLength(1);
});

it('asks anew shortly before a token expires', async () => {
  const start = Date.now();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(start);
  const source = tokens();
  await source.get();
  clock.mockReturnValue(start + 470_000);
  expect(await source.get()).toBe('token-1');
  clock.mockReturnValue(start + 490_000);
  expect(await source.get()).toBe('token-2');
});

it('keeps no token of unknown life', async () => {
  answer = granting({});
  const source = tokens();
  expect([await source.get(), await source.get()]).toEqual(['token-1', 'token-2']);
});

it.each([
  [401, '{"error":"invalid_client","error_description":"meadow:anchor is wrong"}', 'answered 401 (invalid_client)'],
  [503, '<html>meadow:anchor</html>', 'answered 503'],
  [200, '{"error":"Basic meadow:anchor"}', 'answered without a token'],
  [200, 'null', 'answered without a token'],
  [200, '{"access_token":""}', 'answered without a token'],
])('says of %i %s what is wrong and no secret, and asks again', async (status, body, words) => {
  answer = refusing(status, body);
  const source = tokens();
  const error: unknown = await source.get().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'KAFKA_TOKEN_REFUSED', retriable: true });
  expect(String(error)).toContain(words);
  expect(inspect(error, { depth: 10 })).not.toContain('meadow');
  answer = granting({ expires_in: 600 });
  expect(await source.get()).toBe('token-2');
});

it('follows no redirection, which would carry the secret elsewhere', async () => {
  answer = reply => reply.writeHead(307, { location: '/elsewhere' }).end();
  await expect(tokens().get()).rejects.toMatchObject({ code: 'KAFKA_TOKEN_UNAVAILABLE' });
  expect(calls).toHaveLength(1);
});

it('does not wait for ever, and may be asked again', async () => {
  const real = AbortSignal.timeout.bind(AbortSignal);
  const timeout = jest.spyOn(AbortSignal, 'timeout').mockImplementationOnce(() => real(50));
  answer = () => undefined;
  const source = tokens();
  await expect(source.get()).rejects.toMatchObject({
    code: 'KAFKA_TOKEN_UNAVAILABLE',
    message: 'the token endpoint of Kafka did not answer (TimeoutError)',
    retriable: true,
  });
  expect(timeout).toHaveBeenCalledWith(5_000);
  answer = granting({ expires_in: 600 });
  expect(await source.get()).toMatch(/^token-/);
});

it('says when nobody answers', async () => {
  const source = tokens({ KAFKA_OAUTH_TOKEN_URL: 'http://127.0.0.1:1/token' });
  await expect(source.get()).rejects.toMatchObject({ code: 'KAFKA_TOKEN_UNAVAILABLE', retriable: true });
});
