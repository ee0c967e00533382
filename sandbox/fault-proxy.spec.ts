import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultProxy } from './fault-proxy.ts';

const LENGTH = 1_000;

describe('a fault proxy', () => {
  let server: Server;
  let proxy: FaultProxy;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    // Whatever it is told, it says back.
    server = createServer(socket => socket.on('error', () => {}).pipe(socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    proxy = await FaultProxy.open();
    proxy.leadTo(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  });

  afterEach(() => {
    proxy.close();
    server.close();
    sockets.forEach(socket => socket.destroy());
  });

  const call = async (): Promise<Socket> => {
    const { hostname, port } = new URL(`tcp://${proxy.address}`);
    const socket = connect(Number(port), hostname);
    sockets.add(socket);
    await once(socket, 'connect');
    return socket;
  };
  const ask = (socket: Socket, text: string) => {
    socket.write(text);
    return heard(socket, text.length);
  };
  const heard = async (socket: Socket, length: number): Promise<string> => {
    let answer = '';
    while (answer.length < length) answer += String((await once(socket, 'data'))[0]);
    return answer;
  };

  it('lets everything pass, in both directions and to the end', async () => {
    const socket = await call();
    expect(await ask(socket, 'hello')).toBe('hello');
    socket.end();
    await once(socket.resume(), 'end');
  });

  it('refuses at the same address, and passes again', async () => {
    const open = await call();
    const cut = once(open, 'close').catch(() => {});
    proxy.refuse();
    await cut;
    await expect(call()).rejects.toThrow('ECONNREFUSED');
    await proxy.pass();
    expect(await ask(await call(), 'hello')).toBe('hello');
  });

  it('cuts what is open and takes new connections', async () => {
    const open = await call();
    await ask(open, 'hello');
    proxy.cut();
    await expect(once(open, 'close')).rejects.toThrow('ECONNRESET');
    expect(await ask(await call(), 'hello')).toBe('hello');
  });

  it('is a black hole for old and new connections until it passes', async () => {
    const open = await call();
    proxy.blackHole();
    let isAnswered = false;
    const answers = [open, await call()].map(socket => ask(socket, 'hello').then(text => ((isAnswered = true), text)));
    expect(await ask(await directly(), 'hello')).toBe('hello');
    expect(isAnswered).toBe(false);
    await proxy.pass();
    expect(await Promise.all(answers)).toEqual(['hello', 'hello']);
  });

  const directly = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.add(socket);
    await once(socket, 'connect');
    return socket;
  };

  it('delays answers', async () => {
    const socket = await call();
    proxy.delay(200);
    const began = performance.now();
    await ask(socket, 'hello');
    expect(performance.now() - began).toBeGreaterThan(190);
  });

  it('lets answers trickle', async () => {
    const socket = await call();
    proxy.throttle(LENGTH * 5);
    const began = performance.now();
    await ask(socket, 'x'.repeat(LENGTH));
    expect(performance.now() - began).toBeGreaterThan(190);
  });

  it('cuts in the middle of an answer, once', async () => {
    const socket = await call();
    proxy.cutAfter(10);
    let bytes = 0;
    socket.on('data', (piece: Buffer) => (bytes += piece.length));
    const cut = once(socket, 'close').catch(() => {});
    socket.write('x'.repeat(LENGTH));
    await cut;
    expect(bytes).toBe(10);
    expect(await ask(await call(), 'hello')).toBe('hello');
  });

  it('answers everybody itself, and lets nothing through', async () => {
    const before = await call();
    const cut = once(before, 'close').catch(() => {});
    proxy.answer('HTTP/1.1 403 Forbidden');
    await cut;
    const socket = await call();
    socket.write('hello');
    const [told] = (await once(socket, 'data')) as [Buffer];
    expect(told.toString()).toBe('HTTP/1.1 403 Forbidden');
    await proxy.pass();
    expect(await ask(await call(), 'hello')).toBe('hello');
  });

  it('hangs up while nobody stands behind it', async () => {
    server.close();
    const socket = await call();
    await once(socket.resume(), 'close');
  });
});
