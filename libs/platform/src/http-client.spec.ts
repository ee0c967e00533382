import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosRequestConfig } from 'axios';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { inspect } from 'node:util';
import { loadConfig, ServiceConfig } from './config.ts';
import { httpOptions, noAnswer, retryAfterMs } from './http-client.ts';

const servers: Server[] = [];

afterEach(() => servers.splice(0).forEach(server => server.close().closeAllConnections()));

async function serve(answer: RequestListener): Promise<{ url: string; sockets: Set<Socket> }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  const sockets = new Set<Socket>();
  server.on('connection', socket => sockets.add(socket));
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

const client = (changes: Record<string, string> = {}) =>
  axios.create(
    httpOptions(
      loadConfig(ServiceConfig, { KAFKA_BROKERS: 'one:9092', MYSQL_URL: 'mysql://root@127.0.0.1/x', ...changes }),
    ) as AxiosRequestConfig,
  );

const failure = async (call: Promise<unknown>) =>
  noAnswer(
    'suno',
    await call.then(
      () => new Error('it was answered'),
      (error: unknown) => error,
    ),
  );

describe('a call without an answer', () => {
  it('was certainly not made when nobody listened', async () => {
    const { url } = await serve(() => {});
    servers.pop()?.close();
    expect(await failure(client().post(url))).toMatchObject({
      code: 'SUNO_UNREACHABLE',
      refused: true,
      retriable: true,
    });
  });

  it('was certainly not made when connecting took too long', async () => {
    const neverFound = () => {};
    const call = client({ HTTP_CONNECT_TIMEOUT_MS: '50' }).post('http://slow.test/', {}, { lookup: neverFound });
    expect(await failure(call)).toMatchObject({ code: 'SUNO_UNREACHABLE', refused: true, retriable: true });
  });

  it('may have had its effect when the answer took too long', async () => {
    const { url } = await serve(() => {});
    const call = client({ HTTP_TIMEOUT_MS: '50' }).post(url);
    expect(await failure(call)).toMatchObject({ code: 'SUNO_TIMEOUT', refused: false, retriable: true });
  });

  it('may have had its effect when the answer stops in the middle', async () => {
    const { url } = await serve((_, response) => void response.writeHead(200, { 'content-length': '100' }).write('{'));
    const call = client({ HTTP_TIMEOUT_MS: '50' }).post(url);
    expect(await failure(call)).toMatchObject({ refused: false, retriable: true });
  });

  it('may have had its effect when the connection broke', async () => {
    const { url } = await serve(request => request.socket.destroy());
    expect(await failure(client().post(url))).toMatchObject({
      code: 'SUNO_NO_ANSWER',
      refused: false,
      retriable: true,
    });
  });

  it('is told of without the request, which holds the key', async () => {
    const { url } = await serve(request => request.socket.destroy());
    const headers = { authorization: 'Bearer sk-0123456789' };
    expect(inspect(await failure(client().post(url, { prompt: 'private' }, { headers })), { depth: 9 })).not.toMatch(
      /sk-0123456789|private/,
    );
  });
});

describe('connections', () => {
  it('are as many as the pool holds, and used again', async () => {
    const { url, sockets } = await serve((_, response) => response.end('{}'));
    const http = client({ HTTP_MAX_SOCKETS: '3' });
    for (let i = 0; i < 3; i++) await Promise.all(Array.from({ length: 20 }, () => http.get(url)));
    expect(sockets.size).toBe(3);
  });

  it('are not used again when they were idle for so long that the server may be closing them', async () => {
    const { url, sockets } = await serve((_, response) => response.setHeader('connection', 'keep-alive').end('{}'));
    const http = client();
    await http.get(url);
    const [idle] = sockets;
    await once(idle as Socket, 'close');
    await http.get(url);
    expect(sockets.size).toBe(2);
  }, 10_000);

  it('are kept for a slow answer however long it is idle', async () => {
    const { url, sockets } = await serve((_, response) => void setTimeout(() => response.end('{}'), 4_500));
    expect((await client().get(url)).status).toBe(200);
    expect(sockets.size).toBe(1);
  }, 10_000);
});

describe('an answer', () => {
  it('is an answer whatever its status, and is not followed elsewhere', async () => {
    const { url } = await serve((request, response) =>
      response.writeHead(request.url === '/moved' ? 302 : 500, { location: '/elsewhere' }).end(),
    );
    expect((await client().get(`${url}/broken`)).status).toBe(500);
    expect((await client().get(`${url}/moved`)).status).toBe(302);
  });

  it('may ask to wait, in seconds or until a date, for an hour at most', () => {
    expect(retryAfterMs('7')).toBe(7_000);
    expect(retryAfterMs(new Date(Date.now() + 30_000).toUTCString())).toBeGreaterThan(28_000);
    expect(retryAfterMs(new Date(Date.now() - 30_000).toUTCString())).toBe(0);
    expect(retryAfterMs('999999')).toBe(3_600_000);
    for (const header of [undefined, '', 'soon', ['7']]) expect(retryAfterMs(header)).toBeUndefined();
  });
});
