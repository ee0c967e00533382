import { Agent as PlainAgent, request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';

interface Outgoing {
  method: string;
  headers: Record<string, string | number>;
  body?: string;
}

const timeoutMs = 15_000;
const maxSockets = 64;

/** How a stand-in calls others: over kept connections, with a time-out. */
export class HttpClient {
  readonly #plain = new PlainAgent({ keepAlive: true, maxSockets });
  readonly #secure = new SecureAgent({ keepAlive: true, maxSockets });

  send(url: string, outgoing: Outgoing): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = this.#open(url, outgoing);
      request.on('response', resolve);
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', error => (isStale(request, error) ? resolve(this.send(url, outgoing)) : reject(error)));
      request.end(outgoing.body);
    });
  }

  close() {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #open(url: string, { method, headers }: Outgoing): ClientRequest {
    const options = { method, headers, timeout: timeoutMs };
    return url.startsWith('https:')
      ? secureRequest(url, { ...options, agent: this.#secure })
      : plainRequest(url, { ...options, agent: this.#plain });
  }
}

/** The other side hung up while the connection lay idle: nobody has seen the request. */
const isStale = (request: ClientRequest, error: NodeJS.ErrnoException) =>
  request.reusedSocket && error.code === 'ECONNRESET';
