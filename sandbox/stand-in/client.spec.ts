import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { HttpClient } from './client.ts';

describe('the client of a stand-in', () => {
  const client = new HttpClient();
  let server: Server;

  afterEach(() => {
    client.close();
    server.close();
  });

  it('opens a new connection when the kept one turns out to be dead', async () => {
    const known = new Set<Socket>();
    server = createServer(({ socket }, response) => {
      if (known.has(socket)) return socket.resetAndDestroy();
      known.add(socket);
      response.end('done');
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const post = async () => {
      const response = await client.send(`http://127.0.0.1:${port}/`, { method: 'POST', headers: {}, body: '{}' });
      await response.toArray();
      return response.statusCode;
    };
    expect([await post(), await post()]).toEqual([200, 200]);
    expect(known.size).toBe(2);
  });
});
