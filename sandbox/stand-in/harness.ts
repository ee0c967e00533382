import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually as repeated } from '../eventually.ts';
import type { Json } from './call.ts';
import type { Entry } from './request-log.ts';
import { StandIn, type Provider } from './server.ts';

/** For specs: a stand-in in this process, and the few calls they make to it. */
export async function started(provider: Provider) {
  const running = await new StandIn(provider).listen({ port: 0, host: '127.0.0.1' });
  const { url } = running;
  const headers = { authorization: 'Bearer sandbox', 'content-type': 'application/json', 'user-agent': 'castad/1.0' };
  const ask = (path: string, body?: unknown, extra: Record<string, string> = {}) =>
    fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...extra },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const get = async <T = Json>(path: string) => (await (await ask(path)).json()) as T;
  const post = async <T = Json>(path: string, body: unknown) => (await (await ask(path, body)).json()) as T;
  const requests = async (query = '') => (await get<{ requests: Entry[] }>(`/__sim/requests${query}`)).requests;
  const fault = (wish: Json) => ask('/__sim/faults', wish);
  return { url, close: () => running.close(), ask, get, post, fault, requests };
}

export type Harness = Awaited<ReturnType<typeof started>>;

/** Takes callbacks and answers as it is told; keeps what arrived. */
export async function receiver<T = Json>(answer: (count: number) => number = () => 200) {
  const received: T[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then(body => {
      received.push(JSON.parse(body) as T);
      response.writeHead(answer(received.length)).end();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise(resolve => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks/token`, received, close };
}

/** Asks again until the answer holds. */
export function eventually<T>(ask: () => T | Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  return repeated(async () => {
    const answer = await ask();
    if (!holds(answer)) throw new Error(`still ${JSON.stringify(answer)}`);
    return answer;
  }, 5_000);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
