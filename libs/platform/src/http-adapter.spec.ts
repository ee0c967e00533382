import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosRequestConfig } from 'axios';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Agent, type Dispatcher } from 'undici';
import { undiciAdapter } from './http-adapter.ts';

const agent = new Agent();
const http = axios.create({ adapter: undiciAdapter(agent) });
const servers: Server[] = [];

afterEach(() => servers.splice(0).forEach(server => server.close().closeAllConnections()));

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a request', () => {
  const bodies: [string, AxiosRequestConfig, { body: string; type?: string }][] = [
    ['an object as JSON', { data: { a: 'ä' } }, { body: '{"a":"ä"}', type: 'application/json' }],
    ['a text', { data: 'ä', headers: { 'content-type': 'text/plain' } }, { body: 'ä', type: 'text/plain' }],
    ['bytes', { data: Buffer.from('ä') }, { body: 'ä' }],
    ['a stream', { data: Readable.from([Buffer.from('a'), Buffer.from('b')]) }, { body: 'ab' }],
    ['nothing', {}, { body: '' }],
  ];

  it.each(bodies)('sends %s', async (_, options, { body, type }) => {
    let asked: IncomingMessage | undefined;
    const url = await serve((request, response) => {
      asked = request;
      request.pipe(response);
    });
    const { data } = await http.put<unknown>('/files?a=b', options.data, {
      ...options,
      baseURL: `${url}/base/`,
      transformResponse: raw => raw as unknown,
    });
    expect(data).toBe(body);
    expect(asked).toMatchObject({ method: 'PUT', url: '/base/files?a=b' });
    if (type) expect(asked?.headers['content-type']).toBe(type);
  });

  it('is not sent a second time, should undici begin it again', async () => {
    const controllers = [1, 2].map(() => ({ abort: jest.fn() }) as unknown as Dispatcher.DispatchController);
    const call = axios.post('http://host/', undefined, {
      adapter: undiciAdapter({
        dispatch: (_, handler) => {
          controllers.forEach(controller => handler.onRequestStart?.(controller, undefined));
          handler.onResponseStart?.(controllers[0] as Dispatcher.DispatchController, 200, {});
          handler.onResponseEnd?.(controllers[0] as Dispatcher.DispatchController, {});
          return true;
        },
      }),
    });
    expect((await call).status).toBe(200);
    expect(controllers.map(({ abort }) => jest.mocked(abort).mock.calls.length)).toEqual([0, 1]);
  });
});

describe('an answer as a stream', () => {
  const stream = async (url: string) => (await http.get<Readable>(url, { responseType: 'stream' })).data;

  it('is whole for a slow reader', async () => {
    const sent = Buffer.alloc(3_000_000, 'abc');
    const url = await serve((_, response) => response.end(sent));
    const parts: Buffer[] = [];
    for await (const part of (await stream(url)) as AsyncIterable<Buffer>) {
      parts.push(part);
      await new Promise(setImmediate);
    }
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
  });

  it('fails where the connection breaks', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('part');
      setImmediate(() => response.destroy());
    });
    await expect(text(await stream(url))).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  it('ends with its connection when the reader leaves', async () => {
    let left: Promise<unknown> | undefined;
    const url = await serve((request, response) => {
      left = once(request.socket, 'close');
      response.writeHead(200).write('part');
    });
    (await stream(url)).destroy();
    await left;
  });

  it('is not limited by the time-out of the call', async () => {
    let end: (() => void) | undefined;
    const url = await serve((_, response) => {
      response.writeHead(200).write('first ');
      end = () => response.end('last');
    });
    const { data } = await http.get<Readable>(url, { responseType: 'stream', timeout: 50 });
    setTimeout(() => end?.(), 100);
    expect(await text(data)).toBe('first last');
  });
});
