import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before the blob store and answers in its place when told to. */
export class AzureFront {
  refused = 0;
  private refusal?: { status: number; code: string; retryAfter: string };
  private readonly server = createServer((call, reply) => this.answer(call, reply));
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

  recover(): void {
    this.refusal = undefined;
  }

  private answer(call: IncomingMessage, reply: ServerResponse): void {
    if (this.refusal) {
      const { status, code, retryAfter } = this.refusal;
      this.refused++;
      const headers = { 'x-ms-error-code': code, 'retry-after': retryAfter };
      call.resume().on('end', () => reply.writeHead(status, headers).end());
      return;
    }
    const { method, headers } = call;
    const onward = request(this.store + call.url, { method, headers }, answer => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    onward.on('error', () => reply.destroy());
    call.pipe(onward);
  }
}
