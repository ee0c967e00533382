import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (reply: ServerResponse, call: IncomingMessage) => void;

/** A provider's file host: it serves what it was given, counts, and misbehaves as told. */
export class SourceHost {
  readonly calls: string[] = [];
  busy = 0;
  mostBusy = 0;
  private readonly files = new Map<string, Answer[]>();
  private readonly server = createServer((call, reply) => this.answer(call, reply));

  async listen(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  /** Each call takes the next answer; the last one stays. Returns the file's address. */
  serve(name: string, ...answers: Answer[]): string {
    this.files.set(`/${name}`, answers);
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}`;
  }

  callsFor(name: string): number {
    return this.calls.filter(path => path === `/${name}`).length;
  }

  private answer(call: IncomingMessage, reply: ServerResponse): void {
    const path = call.url ?? '';
    this.calls.push(path);
    this.busy++;
    this.mostBusy = Math.max(this.mostBusy, this.busy);
    reply.once('close', () => this.busy--);
    const answers = this.files.get(path) ?? [];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer) answer(reply, call);
    else reply.writeHead(404).end();
  }
}

export const whole =
  (bytes: Buffer, type = 'application/octet-stream'): Answer =>
  reply =>
    reply.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes);

/** Announces all of it, sends the first half and breaks off. */
export const cut =
  (bytes: Buffer): Answer =>
  reply => {
    reply.writeHead(200, { 'content-length': bytes.length });
    reply.write(bytes.subarray(0, bytes.length / 2), () => reply.destroy());
  };

/** Sends a little and falls silent. */
export const stalled =
  (bytes: Buffer): Answer =>
  reply =>
    reply.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100));

export const status =
  (code: number): Answer =>
  reply =>
    reply.writeHead(code).end('no');

export const redirect =
  (url: string): Answer =>
  reply =>
    reply.writeHead(302, { location: url }).end();
