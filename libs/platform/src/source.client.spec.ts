import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { loadConfig, ServiceConfig } from './config.ts';
import { ProviderError } from './errors.ts';
import { SourceClient } from './source.client.ts';

const open = (settings: Record<string, string>) =>
  new SourceClient(
    loadConfig(ServiceConfig, {
      MYSQL_URL: 'mysql://u:p@localhost/db',
      KAFKA_BROKERS: 'localhost:9092',
      ...settings,
    }),
  );

describe('SourceClient', () => {
  const client = open({ FETCH_PRIVATE_HOSTS: '127.0.0.1' });
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

  const failure = async (url = `${host}/file`, by = client): Promise<ProviderError> => {
    const thrown: unknown = await by.open(url).catch((error: unknown) => error);
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

  const outside = { code: 'SOURCE_NOT_PUBLIC', retriable: false };
  it.each([
    'file:///etc/passwd',
    'data:audio/mpeg,song',
    'ftp://host/song',
    'http://user:secret@127.0.0.1/song',
    'http://',
  ])('goes to %s neither by itself nor by a redirect', async address => {
    answer = reply => void reply.writeHead(302, { location: address }).end();
    expect(await failure()).toMatchObject(outside);
    expect(await failure(address)).toMatchObject(outside);
  });

  it('is not led inside by a redirect, whatever the address looks like', async () => {
    const { port } = new URL(host);
    const inside = [
      'localhost',
      '2130706434',
      '0x7f.2',
      '0177.0.0.2',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
      '[::]',
    ];
    for (const name of inside) {
      const asked: string[] = [];
      answer = (reply, { headers }) => {
        asked.push(headers.host ?? '');
        reply.writeHead(302, { location: `http://${name}:${port}/file` }).end();
      };
      expect(await failure()).toMatchObject(outside);
      expect(asked).toEqual([`127.0.0.1:${port}`]);
    }
  });

  it('asks nobody inside when nothing is said to the contrary', async () => {
    let calls = 0;
    answer = reply => void (calls++, reply.writeHead(200).end('inside'));
    const strict = open({});
    expect(await failure(`${host}/file`, strict)).toMatchObject({
      ...outside,
      detail: 'its host is not a public address',
    });
    expect(await failure(host.replace('127.0.0.1', 'localhost'), strict)).toMatchObject(outside);
    expect(calls).toBe(0);
  });

  it('goes to no host but those it is told, where it is told', async () => {
    answer = reply => void reply.writeHead(200).end('bytes');
    const settings = { FETCH_PRIVATE_HOSTS: '127.0.0.1' };
    const detail = 'FETCH_ALLOWED_HOSTS does not name its host';
    const narrow = open({ ...settings, FETCH_ALLOWED_HOSTS: 'files.example.com,.example.org' });
    expect(await failure(`${host}/file`, narrow)).toMatchObject({ ...outside, detail });
    const wide = open({ ...settings, FETCH_ALLOWED_HOSTS: 'files.example.com,127.0.0.1' });
    expect(await text((await wide.open(`${host}/file`)).stream)).toBe('bytes');
  });

  it.each([
    [400, 'SOURCE_REFUSED'],
    [401, 'SOURCE_REFUSED'],
    [403, 'SOURCE_GONE'],
    [404, 'SOURCE_GONE'],
    [410, 'SOURCE_GONE'],
    [441, 'SOURCE_GONE'],
    [206, 'SOURCE_REFUSED'],
    [429, 'SOURCE_UNAVAILABLE'],
    [503, 'SOURCE_UNAVAILABLE'],
  ])('takes %i for %s, which may pass', async (status, code) => {
    answer = reply => void reply.writeHead(status, { 'retry-after': '2' }).end('no');
    expect(await failure()).toMatchObject({ code, retriable: true, detail: `The file's host answered ${status}.` });
  });

  it('waits as long as the host asks', async () => {
    answer = reply => void reply.writeHead(429, { 'retry-after': '2' }).end();
    expect(await failure()).toMatchObject({ retryAfterMs: 2000 });
  });

  it('gives up on a host that does not answer, breaks off or is not there', async () => {
    answer = () => undefined;
    const hasty = open({ FETCH_PRIVATE_HOSTS: '127.0.0.1', HTTP_TIMEOUT_MS: '200' });
    expect(await failure(undefined, hasty)).toMatchObject({ code: 'SOURCE_TIMEOUT', retriable: true });
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
