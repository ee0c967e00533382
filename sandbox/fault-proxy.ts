import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './ports.ts';

/** A TCP server that stands before another one and makes trouble on demand. It begins by letting everything pass. */
export class FaultProxy {
  readonly address: string;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #target = '';
  #server?: Server;
  #way = Promise.withResolvers<void>();
  #delayMs = 0;
  #bytesPerSecond = Infinity;
  #bytesLeft = Infinity;
  #reply = '';

  private constructor(port: number) {
    this.#port = port;
    this.address = `127.0.0.1:${port}`;
    this.#way.resolve();
  }

  static async open(): Promise<FaultProxy> {
    const proxy = new FaultProxy(await freePort());
    await proxy.pass();
    return proxy;
  }

  /** Says which `host:port` it stands before. */
  leadTo(address: string) {
    this.#target = address;
  }

  /** Ends all trouble. What a black hole held arrives. */
  async pass() {
    this.#delayMs = 0;
    this.#bytesPerSecond = this.#bytesLeft = Infinity;
    this.#reply = '';
    this.#way.resolve();
    if (this.#server) return;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, client => this.#accept(client));
    await once(this.#server.listen(this.#port, '127.0.0.1'), 'listening');
  }

  /** Nobody listens any more, and what was open is cut. */
  refuse() {
    this.#server?.close();
    this.#server = undefined;
    this.cut();
  }

  /** Cuts every connection; new ones are as good as before. */
  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Connections open and stay, but nothing moves on them. */
  blackHole() {
    this.#way.resolve();
    this.#way = Promise.withResolvers();
  }

  /** Each piece of an answer comes so much later. */
  delay(ms: number) {
    this.#delayMs = ms;
  }

  /** Answers come as slowly as this, on each connection. */
  throttle(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** When so many bytes of answers have passed, all connections are cut; then everything passes again. */
  cutAfter(bytes: number) {
    this.#bytesLeft = bytes;
  }

  /** Whoever asks anything is told this, and nothing gets through. */
  answer(text: string) {
    this.#reply = text;
    this.cut();
  }

  close() {
    this.refuse();
    this.#way.resolve();
  }

  #accept(client: Socket) {
    if (this.#reply) return this.#tell(client);
    const { hostname, port } = new URL(`tcp://${this.#target}`);
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    // A connection that breaks on one side breaks on the other: there is nobody to tell.
    const broken = () => [client, server].forEach(socket => socket.destroy());
    pipeline(client, pieces => this.#requests(pieces), server).catch(broken);
    pipeline(server, pieces => this.#answers(pieces), client).catch(broken);
  }

  #tell(client: Socket) {
    this.#sockets.add(client);
    client.once('close', () => this.#sockets.delete(client));
    // Whoever breaks off has nothing more to hear.
    client.on('error', () => client.destroy());
    client.once('data', () => client.end(this.#reply));
  }

  async *#requests(pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      await this.#way.promise;
      yield piece;
    }
  }

  async *#answers(pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      await this.#way.promise;
      const ms = this.#delayMs + (piece.length * 1000) / this.#bytesPerSecond;
      if (ms > 0) await pause(ms);
      this.#bytesLeft -= piece.length;
      yield this.#bytesLeft < 0 ? piece.subarray(0, Math.max(0, piece.length + this.#bytesLeft)) : piece;
      if (this.#bytesLeft < 0) this.#cutOff();
    }
  }

  #cutOff() {
    this.#bytesLeft = Infinity;
    // In a moment: the last bytes are still on their way.
    setTimeout(() => this.cut(), 20);
  }
}
