/** A sample is taken anew after so long, and soon when an answer was slow. */
const EVERY_MS = 60_000;
const SOON_MS = 1_000;
const NARROW_MS = 10;

/**
 * The database server's time, carried on by this machine's monotonic clock. An answer tells only that the server's
 * time lay between question and answer. The clock takes the earliest of these, so that it is never ahead, and keeps
 * what it knows already as far as the answer allows it, so that a slow one changes nothing. All times in milliseconds.
 */
export class ServerClock {
  /** Server time minus monotonic time. */
  private offset?: number;
  private freshUntil = -Infinity;
  private last = -Infinity;

  isFresh(monotonic: number): boolean {
    return monotonic < this.freshUntil;
  }

  /** The server, whose time counts whole milliseconds, said `server` between these two moments. */
  sample(server: number, askedAt: number, answeredAt: number): void {
    const low = server - answeredAt;
    const high = server + 1 - askedAt;
    this.offset = Math.min(Math.max(this.offset ?? low, low), high);
    this.freshUntil = answeredAt + (high - low <= NARROW_MS ? EVERY_MS : SOON_MS);
  }

  /** It does not go back: what was due stays due. */
  at(monotonic: number): Date {
    if (this.offset === undefined) throw new Error('the clock was never set');
    this.last = Math.max(this.last, monotonic + this.offset);
    return new Date(this.last);
  }
}
