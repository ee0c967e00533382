import { Pacemaker } from '@castad/platform';
import type { Page } from './feed.ts';

const HEARTBEAT = ': still here\n\n';
const HEARTBEAT_MS = 15_000;
/** How soon a client comes back; by then a process that stops has gone, and another one answers. */
const RETRY_MS = 3_000;
const FAILURE_PAUSE_MS = 1_000;

/** An event as it goes out, written once for all who listen. */
export interface Sent {
  position: number;
  taskId: string;
  /** No other event of its task follows. */
  isLast: boolean;
  text: string;
}

/** Where a stream finds what its client has not seen. */
export interface Source {
  pageAfter(place: number, taskId?: string): Promise<Page<Sent>>;
}

/**
 * What one client hears, as server-sent events. It reads on only when the client has taken what was read before, and
 * holds nothing but the client's place: a slow client costs as little as a fast one.
 */
export class EventStream implements AsyncIterable<string> {
  private readonly pace = new Pacemaker(HEARTBEAT_MS);
  private isClosed = false;

  constructor(
    private readonly source: Source,
    private place: number,
    private readonly taskId?: string,
  ) {}

  /** There may be something new. */
  wake(): void {
    this.pace.wake();
  }

  close(): void {
    this.isClosed = true;
    this.pace.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    // The place alone is no event, but where the client begins again if it hears of none.
    yield `retry: ${RETRY_MS}\nid: ${this.place}\n\n`;
    for (let spokenAt = performance.now(); !this.isClosed;) {
      const quietMs = () => performance.now() - spokenAt;
      const page = await this.source.pageAfter(this.place, this.taskId).catch(() => undefined);
      this.place = page?.end ?? this.place;
      const text = page && this.textOf(page.events);
      if (text || quietMs() >= HEARTBEAT_MS) {
        yield text || HEARTBEAT;
        spokenAt = performance.now();
      }
      if (page?.events.some(({ taskId, isLast }) => isLast && taskId === this.taskId)) return;
      if (!page) await this.pace.rest(FAILURE_PAUSE_MS);
      else if (page.events.length === 0) await this.pace.rest(Math.max(1, HEARTBEAT_MS - quietMs()));
    }
  }

  private textOf(events: Sent[]): string {
    const { taskId } = this;
    const mine = taskId === undefined ? events : events.filter(event => event.taskId === taskId);
    return mine.map(({ text }) => text).join('');
  }
}
