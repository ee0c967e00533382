import { TaskDeleted } from '@castad/contracts';
import { Database, Lifecycle, Metrics, Pacemaker, Spacing, toError, Unavailable } from '@castad/platform';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayConfig } from '../gateway.config.ts';
import { TaskEvent } from '../projection/task-event.entity.ts';
import { EventStream, type Sent, type Source } from './event-stream.ts';
import { eventView } from './event.view.ts';
import { endOfFeed, PAGE, pageAfter, type Page } from './feed.ts';
import { Ring } from './ring.ts';

const RECENT = 2_000;
const POLL_MS = 500;
const MAX_FAILURE_PAUSE_MS = 5_000;
const SPACING_MS = 50;

/**
 * Events for clients who listen. One reader per process keeps up with the feed while somebody does, whichever process
 * wrote it; a client who is further behind is served from the database, one page at a time for all of them.
 */
@Injectable()
export class EventFeed implements OnApplicationBootstrap, Source {
  private readonly logger = new Logger(EventFeed.name);
  private readonly pace = new Pacemaker(POLL_MS);
  private readonly spacing = new Spacing(SPACING_MS);
  private readonly streams = new Set<EventStream>();
  private readonly open;
  private ring?: Ring<Sent>;
  private turn: Promise<unknown> = Promise.resolve();
  private stopping = false;
  private ended?: Promise<void>;

  constructor(
    private readonly database: Database,
    private readonly config: GatewayConfig,
    lifecycle: Lifecycle,
    metrics: Metrics,
  ) {
    this.open = metrics.gauge('castad_event_streams', 'Open streams of events');
    database.onDue(TaskEvent, { wake: () => this.pace.wake() });
    lifecycle.onDrain('consumers', () => this.stop());
  }

  onApplicationBootstrap(): void {
    this.ended = this.run();
  }

  /** What comes after `place`, of one project or of all. @throws Unavailable `TOO_MANY_STREAMS` */
  listen(place: number, taskId?: string): EventStream {
    if (this.streams.size >= this.config.EVENTS_MAX_CLIENTS)
      throw new Unavailable('TOO_MANY_STREAMS', 'Too many clients are listening. Try again in a moment.');
    const stream = new EventStream(this, place, taskId);
    this.streams.add(stream);
    this.open.set(this.streams.size);
    this.pace.wake();
    return stream;
  }

  leave(stream: EventStream): void {
    stream.close();
    this.streams.delete(stream);
    this.open.set(this.streams.size);
  }

  async pageAfter(place: number, taskId?: string): Promise<Page<Sent>> {
    const recent = this.ring?.pageAfter(place, PAGE);
    if (recent) return recent;
    const page = this.turn.then(() => this.database.read('requests', em => pageAfter(em, place, taskId)));
    this.turn = page.catch(() => undefined);
    return sent(await page);
  }

  private async stop(): Promise<void> {
    this.stopping = true;
    for (const stream of this.streams) this.leave(stream);
    this.pace.wake();
    await this.ended;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        if (this.streams.size > 0) while (await this.readOn());
        failures = 0;
      } catch (error) {
        this.logger.warn({ error: toError(error).message, failures: ++failures }, 'the feed waits');
      }
      await this.pace.rest(failures > 0 ? Math.min(POLL_MS * 2 ** failures, MAX_FAILURE_PAUSE_MS) : POLL_MS);
    }
  }

  /** Takes one page into the ring; says whether there may be more. */
  private async readOn(): Promise<boolean> {
    await this.spacing.begin();
    const { ring, page } = await this.database.read('background', async em => {
      const end = await endOfFeed(em);
      const isNear = this.ring && end - this.ring.end <= RECENT;
      const ring = isNear && this.ring ? this.ring : new Ring<Sent>(Math.max(0, end - RECENT), RECENT);
      return { ring, page: await pageAfter(em, ring.end) };
    });
    this.spacing.carried(page.events.length);
    ring.add(sent(page));
    this.ring = ring;
    if (page.events.length > 0) for (const stream of this.streams) stream.wake();
    return page.events.length === PAGE && !this.stopping;
  }
}

const sent = ({ events, end }: Page): Page<Sent> => ({
  end,
  events: events.map(event => {
    const view = eventView(event);
    const text = `id: ${view.id}\nevent: ${view.type}\ndata: ${JSON.stringify(view)}\n\n`;
    return { position: view.id, taskId: view.taskId, isLast: event.type === TaskDeleted.type, text };
  }),
});
