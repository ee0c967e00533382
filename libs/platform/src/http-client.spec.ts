import { afterEach, describe, expect, it } from '@jest/globals';
import { Authority, eventually } from '@castad/testing';
import axios, { type AxiosRequestConfig } from 'axios';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { loadConfig, ServiceConfig } from './config.ts';
import { httpOptions, noAnswer, retryAfterMs } from './http-client.ts';

const closers: (() => void)[] = [];

afterEach(() => closers.splice(0).forEach(close => close()));

const serve = (answer: RequestListener) => start(createServer(answer));

async function start(server: Server): Promise<{ url: string; sockets: Set<Socket> }> {
  server.listen(0, '127.0.0.1');
  closers.push(() => server.close().closeAllConnections());
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

/** A server that does not get as far as HTTP. */
async function listen(onConnection: (socket: Socket) => void, protocol: 'http' | 'https'): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer(socket => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  closers.push(() => {
    server.close();
    sockets.forEach(socket => socket.destroy());
  });
  await once(server, 'listening');
  return `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a call was surely not made', () => {
  const surelyNot = { code: 'SUNO_UNREACHABLE', refused: true, retriable: true };

  it.each([
    ['nobody listens', 'http://127.0.0.1:2/'],
    ['nobody knows the name', 'http://nowhere.invalid/'],
    ['no way leads to the address', 'http://255.255.255.255/'],
  ])('when %s', async (_, url) => {
    expect(await failure(client({ HTTP_CONNECT_TIMEOUT_MS: '500' }).post(url))).toMatchObject(surelyNot);
  });

  it('when the server does not complete the TLS handshake in time', async () => {
    const url = await listen(() => {}, 'https');
    expect(await failure(client({ HTTP_CONNECT_TIMEOUT_MS: '50' }).post(url))).toMatchObject(surelyNot);
  });

  it('when the server breaks off the TLS handshake', async () => {
    const url = await listen(socket => socket.resetAndDestroy(), 'https');
    expect(await failure(client().post(url))).toMatchObject(surelyNot);
  });

  it('when the certificate is not trusted', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'certificate-'));
    closers.push(() => rmSync(dir, { recursive: true }));
    const { certificate, key } = new Authority(dir).sign('server');
    let calls = 0;
    const server = createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, () => void calls++);
    const { url } = await start(server);
    expect(await failure(client().post(url.replace('http:', 'https:')))).toMatchObject(surelyNot);
    expect(calls).toBe(0);
  });

  it('when its time ran out before a connection was free, and is not made later', async () => {
    const calls: string[] = [];
    const answers: (() => void)[] = [];
    const { url } = await serve((request, response) => {
      calls.push(request.url ?? '');
      answers.push(() => response.end('{}'));
    });
    const http = client({ HTTP_MAX_SOCKETS: '1' });
    const first = http.post(`${url}/first`);
    expect(await failure(http.post(`${url}/waiting`, {}, { timeout: 50 }))).toMatchObject(surelyNot);
    const last = http.post(`${url}/last`);
    for (const call of [first, last]) {
      await eventually(() => expect(answers).not.toHaveLength(0));
      answers.shift()?.();
      await call;
    }
    expect(calls).toEqual(['/first', '/last']);
  });
});

describe('a call without an answer', () => {
  const timedOut = { code: 'SUNO_TIMEOUT', refused: false, retriable: true };
  const brokenOff = { code: 'SUNO_NO_ANSWER', refused: false, retriable: true };
  const begin = (response: ServerResponse) => void response.writeHead(200, { 'content-length': '100' }).write('{');

  it('may have had its effect when the answer took too long', async () => {
    const { url } = await serve(() => {});
    expect(await failure(client({ HTTP_TIMEOUT_MS: '1000' }).post(url))).toMatchObject(timedOut);
  });

  it('may have had its effect when the answer stops in the middle', async () => {
    const { url } = await serve((_, response) => begin(response));
    expect(await failure(client({ HTTP_TIMEOUT_MS: '1000' }).post(url))).toMatchObject(timedOut);
  });

  it('may have had its effect when the answer comes byte by byte for too long', async () => {
    const { url } = await serve((_, response) => {
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    });
    expect(await failure(client({ HTTP_TIMEOUT_MS: '1000' }).post(url))).toMatchObject(timedOut);
  });

  it.each([
    ['the connection broke', ({ socket }: IncomingMessage) => socket.destroy()],
    ['the connection was reset', ({ socket }: IncomingMessage) => socket.resetAndDestroy()],
    ['the answer is no HTTP', ({ socket }: IncomingMessage) => socket.end('SSH-2.0-OpenSSH\r\n')],
    [
      'the answer breaks off',
      ({ socket }: IncomingMessage, response: ServerResponse) => {
        begin(response);
        setImmediate(() => socket.destroySoon());
      },
    ],
    ['the answer is too large', (_: IncomingMessage, response: ServerResponse) => response.end(Buffer.alloc(5e6))],
  ])('may have had its effect when %s', async (_, answer) => {
    const { url } = await serve(answer);
    expect(await failure(client().post(url))).toMatchObject(brokenOff);
  });

  it('is told of without the request, which holds the key', async () => {
    const { url } = await serve(request => request.socket.destroy());
    const headers = { authorization: 'Bearer sk-0123456789' };
    expect(inspect(await failure(client().post(url, { prompt: 'private' }, { headers })), { depth: 9 })).not.toMatch(
      /sk-0123456789|private/,
    );
  });

  it('is never made again by itself, also on a connection that the server is closing', async () => {
    const calls: string[] = [];
    const { url } = await serve((request, response) => {
      calls.push(request.url ?? '');
      // It promises to keep the connection, and closes it.
      response.end('{}', () => request.socket.destroySoon());
    });
    const http = client({ HTTP_MAX_SOCKETS: '1' });
    const made: string[] = [];
    const notMade: string[] = [];
    for (let i = 0; i < 50; i++) {
      const [fate] = await Promise.allSettled([http.post(`${url}/${i}`)]);
      if (fate.status === 'fulfilled') made.push(`/${i}`);
      else if (noAnswer('suno', fate.reason).refused) notMade.push(`/${i}`);
    }
    expect(new Set(calls).size).toBe(calls.length);
    expect(calls).toEqual(expect.arrayContaining(made));
    expect(calls.filter(call => notMade.includes(call))).toEqual([]);
  });

  it('is never made again by itself when a used connection breaks', async () => {
    const calls: string[] = [];
    const { url } = await serve((request, response) => {
      calls.push(request.url ?? '');
      if (calls.length > 1) request.socket.destroy();
      else response.end('{}');
    });
    const http = client();
    await http.post(`${url}/first`);
    expect(await failure(http.post(`${url}/second`))).toMatchObject(brokenOff);
    expect(calls).toEqual(['/first', '/second']);
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
    expect(retryAfterMs('0.5')).toBe(500);
    expect(retryAfterMs(new Date(Date.now() + 30_000).toUTCString())).toBeGreaterThan(28_000);
    expect(retryAfterMs(new Date(Date.now() - 30_000).toUTCString())).toBe(0);
    expect(retryAfterMs('999999')).toBe(3_600_000);
    for (const header of [undefined, '', 'soon', ['7']]) expect(retryAfterMs(header)).toBeUndefined();
  });
});
