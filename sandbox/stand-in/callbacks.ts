import { HttpClient } from './client.ts';
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

const defaultLateMs = 5_000;

/** Sends callbacks as a provider does: at least once, in no order, whatever the receiver makes of them. */
export class Callbacks {
  readonly #clock: Clock;
  readonly #isOn: boolean;
  readonly #client = new HttpClient();
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
    this.#client.close();
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

  async #post(callback: Callback, attempt: number): Promise<boolean> {
    const delivery = entry(callback, attempt);
    this.#deliveries.push(delivery);
    try {
      delivery.status = await this.#statusOf(callback);
    } catch (error) {
      delivery.error = (error as Error).message;
    }
    return isSuccess(delivery.status);
  }

  async #statusOf({ url, body }: Callback): Promise<number | null> {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const response = await this.#client.send(url, { method: 'POST', headers, body });
    response.resume();
    return response.statusCode ?? null;
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
