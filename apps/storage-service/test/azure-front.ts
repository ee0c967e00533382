import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before the blob store and answers in its place when told to. */
export class AzureFront {
  refused = 0;
  /** Writes that wait. */
  held = 0;
  private gate?: Promise<void>;
  private refusal?: { status: number; code: string; retryAfter: string };
  private readonly server = createServer((call, reply) => void this.answer(call, reply));
  private store = '';

  /** Returns the connection string that leads through here. */
  async listen(connectionString: string): Promise<string> {
    this.store = new URL(/BlobEndpoint=([^;]+)/.exec(connectionString)?.[1] ?? '').origin;
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return connectionString.replace(this.store, `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  refuse(status: number, code: string, retryAfter = '0'): void {
    this.refusal = { status, code, retryAfter };
    this.refused = 0;
  }

  /** Lets writes wait until the returned function is called. */
  holdWrites(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = promise;
    this.held = 0;
    return () => {
      this.gate = undefined;
      resolve();
    };
  }

  recover(): void {
    this.refusal = undefined;
  }

  private async answer(call: IncomingMessage, reply: ServerResponse): Promise<void> {
    if (this.refusal) {
      const { status, code, retryAfter } = this.refusal;
      this.refused++;
      const headers = { 'x-ms-error-code': code, 'retry-after': retryAfter };
      call.resume().on('end', () => reply.writeHead(status, headers).end());
      return;
    }
    const { method, headers } = call;
    if (method === 'PUT' && this.gate) {
      this.held++;
      await this.gate;
    }
    const onward = request(this.store + call.url, { method, headers }, answer => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    onward.on('error', () => reply.destroy());
    call.pipe(onward);
  }
}
