/** Timers on the provider's scaled time, all of them cancelled together. */
export class Clock {
  readonly #scale: number;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(scale: number) {
    this.#scale = scale;
  }

  get isInstant() {
    return this.#scale === 0;
  }

  after(seconds: number, run: () => void) {
    this.afterMs(this.scaledMs(seconds), run);
  }

  afterMs(ms: number, run: () => void) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  scaledMs(seconds: number) {
    return seconds * 1000 * this.#scale;
  }

  clear() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
