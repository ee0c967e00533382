/** At most `limit` calls in any `windowMs`, as the providers count them. */
export class RateLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  #times: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Milliseconds to wait, 0 if the call may pass (it is counted then). */
  take(now = Date.now()): number {
    this.#times = this.#times.filter(time => time > now - this.#windowMs);
    const [oldest] = this.#times;
    if (oldest !== undefined && this.#times.length >= this.#limit) return oldest + this.#windowMs - now;
    this.#times.push(now);
    return 0;
  }

  get remaining() {
    return this.#limit - this.#times.length;
  }

  clear() {
    this.#times = [];
  }
}
