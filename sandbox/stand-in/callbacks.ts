import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Clock } from './clock.ts';
import type { Fault } from './faults.ts';

export interface Callback {
  url: string;
  job: string;
  /** What it tells: `complete`, `succeeded`, ... */
  event: string;
  body: string;
  faults: Fault[];
  /** Waits before each repetition after a failed delivery. */
  retryMs?: number[];
}

interface Delivery {
  at: number;
  url: string;
  job: string;
  event: string;
  attempt: number;
  status: number | null;
  error?: string;
}

const timeoutMs = 15_000;
const defaultLateMs = 5_000;

/** Sends callbacks as a provider does: at least once, in no order, whatever the receiver makes of them. */
export class Callbacks {
  readonly #clock: Clock;
  readonly #isOn: boolean;
  readonly #agents = { plain: new PlainAgent({ keepAlive: true }), secure: new SecureAgent({ keepAlive: true }) };
  #deliveries: Delivery[] = [];

  constructor(clock: Clock, isOn: boolean) {
    this.#clock = clock;
    this.#isOn = isOn;
  }

  /** Whether the receiver took it in the end, as far as the sender knows. */
  async send(callback: Callback): Promise<boolean> {
    const fault = (kind: string) => callback.faults.find(candidate => candidate.kind === kind);
    if (!this.#isOn) return true;
    if (fault('callbacks-lost')) {
      this.#deliveries.push({ ...entry(callback, 1), error: 'lost' });
      return true;
    }
    const late = fault('callbacks-late');
    if (late) await this.#pause(late.ms ?? defaultLateMs);
    if (fault('callbacks-doubled')) void this.#deliver(callback);
    return this.#deliver(callback);
  }

  list() {
    return this.#deliveries.map(delivery => ({ ...delivery, at: new Date(delivery.at).toISOString() }));
  }

  clear() {
    this.#deliveries = [];
  }

  close() {
    this.#agents.plain.destroy();
    this.#agents.secure.destroy();
  }

  async #deliver(callback: Callback): Promise<boolean> {
    const pauses = callback.retryMs ?? [];
    for (let attempt = 1; ; attempt += 1) {
      if (await this.#post(callback, attempt)) return true;
      const pause = pauses[attempt - 1];
      if (pause === undefined) return false;
      await this.#pause(pause);
    }
  }

  #post(callback: Callback, attempt: number): Promise<boolean> {
    const delivery: Delivery = entry(callback, attempt);
    this.#deliveries.push(delivery);
    return new Promise(resolve => {
      const failed = (error: Error) => {
        delivery.error = error.message;
        resolve(false);
      };
      try {
        const request = this.#open(callback);
        request.on('response', response => {
          delivery.status = response.statusCode ?? null;
          response.resume();
          response.on('error', failed);
          response.on('end', () => resolve(isSuccess(delivery.status)));
        });
        request.on('timeout', () => request.destroy(new Error('no answer in time')));
        request.on('error', failed);
        request.end(callback.body);
      } catch (error) {
        failed(error as Error);
      }
    });
  }

  #open({ url, body }: Callback) {
    const options = {
      method: 'POST',
      timeout: timeoutMs,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    };
    return url.startsWith('https:')
      ? secureRequest(url, { ...options, agent: this.#agents.secure })
      : plainRequest(url, { ...options, agent: this.#agents.plain });
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => this.#clock.afterMs(ms, resolve));
  }
}

const entry = ({ url, job, event }: Callback, attempt: number): Delivery => ({
  at: Date.now(),
  url,
  job,
  event,
  attempt,
  status: null,
});

const isSuccess = (status: number | null) => status !== null && status >= 200 && status < 300;
