import type { Page } from './feed.ts';

/** The newest of all events: what most clients lack is found here, and the database is not asked for each of them. */
export class Ring<E extends { position: number }> {
  private events: E[] = [];

  /** Holds whatever comes after `start`, up to `end`. */
  constructor(
    private start: number,
    private readonly size: number,
    public end = start,
  ) {}

  add({ events, end }: Page<E>): void {
    this.events.push(...events);
    this.end = end;
    const dropped = this.events.splice(0, Math.max(0, this.events.length - this.size));
    this.start = dropped.at(-1)?.position ?? this.start;
  }

  /** Undefined: some of it is not here any more. */
  pageAfter(place: number, size: number): Page<E> | undefined {
    if (place < this.start) return undefined;
    const first = this.events.findLastIndex(({ position }) => position <= place) + 1;
    const events = this.events.slice(first, first + size);
    const isLast = first + size >= this.events.length;
    return { events, end: isLast ? Math.max(this.end, place) : (events.at(-1)?.position ?? place) };
  }
}
