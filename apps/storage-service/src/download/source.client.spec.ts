import { httpOptions, loadConfig, ProviderError, ServiceConfig } from '@castad/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SourceClient } from './source.client.ts';

const config = loadConfig(ServiceConfig, {
  MYSQL_URL: 'mysql://u:p@localhost/db',
  KAFKA_BROKERS: 'localhost:9092',
  HTTP_TIMEOUT_MS: '1500',
});

describe('SourceClient', () => {
  const client = new SourceClient(new HttpService(axios.create(httpOptions(config))));
  let answer: (reply: ServerResponse, call: IncomingMessage) => void;
  const server = createServer((call, reply) => answer(reply, call));
  let host: string;

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  const failure = async (url = `${host}/file`): Promise<ProviderError> => {
    const thrown: unknown = await client.open(url).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ProviderError);
    return thrown as ProviderError;
  };

  it('opens a file as it is, under our own name', async () => {
    let asked: IncomingMessage['headers'] = {};
    answer = (reply, { headers }) => {
      asked = headers;
      reply.writeHead(200, { 'content-length': 5, 'content-encoding': 'gzip' }).end('bytes');
    };
    const { stream, announcedBytes } = await client.open(`${host}/file`);
    expect(await text(stream)).toBe('bytes');
    expect(announcedBytes).toBe(5);
    expect(asked).toMatchObject({ 'user-agent': 'castad/1.0', 'accept-encoding': 'identity' });
  });

  it('does not know the size of what comes in chunks', async () => {
    answer = reply => void reply.writeHead(200).end('bytes');
    expect(await client.open(`${host}/file`)).toMatchObject({ announcedBytes: undefined });
  });

  it('follows three redirects and no more', async () => {
    const redirects = (count: number) => {
      let left = count;
      answer = reply =>
        void (left-- > 0 ? reply.writeHead(302, { location: '/next' }).end() : reply.writeHead(200).end('there'));
    };
    redirects(3);
    expect(await text((await client.open(`${host}/file`)).stream)).toBe('there');
    redirects(4);
    expect(await failure()).toMatchObject({ code: 'SOURCE_REFUSED' });
  });

  it('follows a redirect to nothing but the web', async () => {
    answer = reply => void reply.writeHead(302, { location: 'file:///etc/passwd' }).end();
    expect(await failure()).toMatchObject({ code: 'SOURCE_REFUSED' });
  });

  it.each([
    [403, 'SOURCE_GONE', false],
    [404, 'SOURCE_GONE', false],
    [410, 'SOURCE_GONE', false],
    [441, 'SOURCE_GONE', false],
    [401, 'SOURCE_REFUSED', false],
    [206, 'SOURCE_REFUSED', false],
    [429, 'SOURCE_UNAVAILABLE', true],
    [503, 'SOURCE_UNAVAILABLE', true],
  ])('takes %i for %s', async (status, code, retriable) => {
    answer = reply => void reply.writeHead(status, { 'retry-after': '2' }).end('no');
    expect(await failure()).toMatchObject({ code, retriable });
  });

  it('waits as long as the host asks', async () => {
    answer = reply => void reply.writeHead(429, { 'retry-after': '2' }).end();
    expect(await failure()).toMatchObject({ retryAfterMs: 2000 });
  });

  it('gives up on a host that does not answer, breaks off or is not there', async () => {
    answer = () => undefined;
    expect(await failure()).toMatchObject({ code: 'SOURCE_TIMEOUT', retriable: true });
    answer = (_, call) => call.socket.destroy();
    expect(await failure()).toMatchObject({ code: 'SOURCE_NO_ANSWER', retriable: true });
    expect(await failure('http://127.0.0.1:2/file')).toMatchObject({ code: 'SOURCE_UNREACHABLE', retriable: true });
  });

  it('does not say the address, which may be a secret', async () => {
    answer = reply => void reply.writeHead(404).end();
    const { message, cause } = await failure(`${host}/file?sig=canary`);
    expect(`${message} ${String(cause)}`).not.toMatch('canary');
  });
});
