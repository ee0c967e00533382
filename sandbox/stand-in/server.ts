import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { adminRoutes, type Admin } from './admin.ts';
import { faultOf, json, type Call, type Handler, type Reply } from './call.ts';
import { Connections } from './connections.ts';
import { Faults, type Fault } from './faults.ts';
import { read, send } from './http.ts';
import { RequestLog, type Entry } from './request-log.ts';
import type { Settings } from './settings.ts';

/** One provider: its routes and the way it says no. */
export interface Provider {
  /** Exact paths, or a last segment of `*`. Files live under `/media/`. */
  routes: Record<string, Handler>;
  faultKinds: readonly string[];
  /** The path a call counts under in faults and log, where its own does not tell what it is. */
  pathOf?(call: Call): string | undefined;
  /** Key and rate limit, for everything but files. */
  guard(call: Call): Reply | undefined;
  /** The provider's own words for an HTTP status. */
  refusal(status: number, call: Call): Reply;
  /** A fault only this provider knows how to answer with, before any work is done. */
  faultReply?(call: Call): Reply | undefined;
  /** What `/__sim/jobs` and `/__sim/callbacks` list. */
  jobs(): unknown[];
  callbacks(): unknown[];
  reset(): void;
  close(): void;
}

export interface RunningStandIn {
  url: string;
  close(): Promise<void>;
}

export class StandIn implements Admin {
  readonly provider: Provider;
  readonly faults: Faults;
  readonly log = new RequestLog();
  readonly connections = new Connections();
  readonly #admin: Record<string, Handler>;
  readonly #unknown: Handler = call => this.provider.refusal(404, call);
  readonly #server = createServer((request, response) => void this.#receive(request, response));

  constructor(provider: Provider) {
    this.provider = provider;
    this.faults = new Faults(provider.faultKinds);
    this.#admin = adminRoutes(this);
    this.#server.keepAliveTimeout = 65_000;
  }

  async listen({ port, host }: Pick<Settings, 'port' | 'host'>): Promise<RunningStandIn> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    const { port: actual } = this.#server.address() as AddressInfo;
    return { url: `http://${host}:${actual}`, close: () => this.#close() };
  }

  #close(): Promise<void> {
    this.provider.reset();
    this.provider.close();
    return new Promise(resolve => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #receive(request: IncomingMessage, response: ServerResponse) {
    const call = await read(request).catch(() => undefined);
    if (!call) return;
    try {
      if (call.path.startsWith('/__sim/')) return send(call, response, await this.#administer(call));
      await this.#serve(call, request, response);
    } catch (error) {
      console.error(error);
      send(call, response, this.provider.refusal(500, call));
    }
  }

  async #administer(call: Call): Promise<Reply> {
    const handler = this.#admin[`${call.method} ${call.path}`];
    return handler ? handler(call) : json(404, { error: 'no such admin route' });
  }

  async #serve(call: Call, request: IncomingMessage, response: ServerResponse) {
    const isMedia = call.path.startsWith('/media/');
    this.connections.saw(request.socket, isMedia ? 'media' : 'api');
    const { endpoint, handler } = this.#route(call);
    const path = this.provider.pathOf?.(call);
    call.faults = this.faults.take(path ? `${call.method} ${path}` : endpoint, call.raw, request.url ?? '');
    const entry = this.#enter(call, path ?? call.path, request.url ?? '');

    await wait(faultOf(call, 'delay'));
    if (faultOf(call, 'reset')) return void request.socket.resetAndDestroy();
    if (faultOf(call, 'hang')) return;

    const reply = this.#refusal(call, isMedia) ?? (await handler(call));
    if (call.job) entry.job = call.job;
    const late = faultOf(call, 'delay-response');
    if (!late) this.#answer(call, entry, reply, response);
    call.afterWork?.();
    if (!late) return;
    await wait(late);
    this.#answer(call, entry, reply, response);
  }

  #enter(call: Call, path: string, url: string): Entry {
    const entry: Entry = {
      at: Date.now(),
      method: call.method,
      path,
      query: url.slice(call.path.length + 1),
      status: null,
      raw: call.raw,
      problems: call.problems,
      faults: call.faults,
    };
    this.log.add(entry);
    return entry;
  }

  #route(call: Call): { endpoint: string; handler: Handler } {
    const method = call.method === 'HEAD' ? 'GET' : call.method;
    const exact = `${method} ${call.path}`;
    const handler = this.provider.routes[exact];
    if (handler) return { endpoint: exact, handler };
    const slash = call.path.lastIndexOf('/');
    call.param = call.path.slice(slash + 1);
    const endpoint = `${method} ${call.path.slice(0, slash)}/*`;
    return { endpoint, handler: this.provider.routes[endpoint] ?? this.#unknown };
  }

  #refusal(call: Call, isMedia: boolean): Reply | undefined {
    const refusal = this.#faultReply(call) ?? (isMedia ? undefined : this.provider.guard(call));
    return refusal ?? (call.isMalformed ? this.provider.refusal(400, call) : undefined);
  }

  #faultReply(call: Call): Reply | undefined {
    if (call.faults.length === 0) return undefined;
    if (faultOf(call, 'garbage')) {
      return { status: 200, body: '<html><body>Bad gateway</body></html>', headers: { 'content-type': 'text/html' } };
    }
    const fault = faultOf(call, 'status');
    return fault ? this.#failed(call, fault) : this.provider.faultReply?.(call);
  }

  #failed(call: Call, { status = 500, body, headers }: Fault): Reply {
    const usual = this.provider.refusal(status, call);
    const words = body ?? usual.body;
    return {
      status,
      body: typeof words === 'string' || Buffer.isBuffer(words) ? words : JSON.stringify(words),
      headers: Object.fromEntries(Object.entries({ ...usual.headers, ...headers }).filter(([, value]) => value !== '')),
    };
  }

  #answer(call: Call, entry: Entry, reply: Reply, response: ServerResponse) {
    if (faultOf(call, 'drop-response')) return void response.socket?.destroy();
    const fault = faultOf(call, 'status-response');
    const answer = fault ? this.#failed(call, fault) : reply;
    entry.status = answer.status;
    if (answer.code !== undefined) entry.code = answer.code;
    send(call, response, answer);
  }
}

const defaultWaitMs = 1_000;

async function wait(fault: Fault | undefined) {
  if (fault) await pause(fault.ms ?? defaultWaitMs, undefined, { ref: false });
}
