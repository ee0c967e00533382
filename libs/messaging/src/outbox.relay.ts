import { Database, Lifecycle, Metrics, Spacing, toError } from '@castad/platform';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaClient, type TopicMessages } from './kafka.client.ts';
import { Outbox } from './outbox.ts';
import { OutboxRow } from './outbox.entity.ts';
import { Pacemaker } from './pacemaker.ts';

const MAX_ROWS = 500;
const MAX_BYTES = 512 * 1024;
const LEASE_MS = 5_000;
const IDLE_MS = 1_000;
const BUSY_MS = 50;
const LAST_PASS_MS = 5_000;
const SPACING_MS = 30;

interface Row {
  seq: number;
  topic: string;
  key: string;
  headers: string;
  value: string;
}

/**
 * Publishes the outbox in the order it was written. One relay per service is active, by a lease; one that lost its
 * lease without noticing can only send duplicates.
 */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap {
  private readonly logger = new Logger(OutboxRelay.name);
  private readonly owner = randomUUID();
  private readonly pace = new Pacemaker(IDLE_MS);
  private readonly published;
  private readonly spacing = new Spacing(SPACING_MS);
  private leaseUntil = 0;
  private stopping = false;
  private ended?: Promise<void>;

  constructor(
    private readonly database: Database,
    private readonly kafka: KafkaClient,
    private readonly outbox: Outbox,
    lifecycle: Lifecycle,
    metrics: Metrics,
  ) {
    this.published = metrics.counter('castad_outbox_published_total', 'Outbox rows acknowledged by the broker');
    database.onCommitted(OutboxRow, () => this.pace.wake());
    lifecycle.onDrain('relay', () => this.stop());
  }

  onApplicationBootstrap(): void {
    this.ended = this.run();
  }

  private async stop(): Promise<void> {
    this.stopping = true;
    this.pace.wake();
    // What is left then is sent by another instance or the next start.
    await Promise.race([this.ended, delay(LAST_PASS_MS, undefined, { ref: false })]);
    await this.release().catch(() => undefined);
  }

  private async run(): Promise<void> {
    for (let failures = 0; ;) {
      const last = this.stopping;
      try {
        if (await this.holdLease()) while (await this.publish());
        else await this.measure();
        failures = 0;
      } catch (error) {
        failures++;
        this.logger.warn({ error: toError(error).message, failures }, 'the outbox waits');
        if (last) return;
      }
      if (last) return;
      await this.pace.rest(failures > 0 ? Math.min(BUSY_MS * 2 ** failures, 5_000) : IDLE_MS);
    }
  }

  /** Sending to a broker that is away takes long, and meanwhile more comes. */
  private async measuring(sending: Promise<void>): Promise<void> {
    const timer = setInterval(() => void this.measure().catch(() => undefined), IDLE_MS);
    try {
      await sending;
    } finally {
      clearInterval(timer);
    }
  }

  /** How much waits, as far as it matters: whoever accepts work wants to know. */
  private async measure(): Promise<void> {
    const [row] = await this.database.read('background', em =>
      em
        .getConnection()
        .execute<[{ waiting: number }]>('select coalesce(max(seq) - min(seq) + 1, 0) waiting from outbox'),
    );
    this.outbox.waiting = Number(row.waiting);
  }

  /** Sends one batch; says whether there may be more. */
  private async publish(): Promise<boolean> {
    await this.spacing.begin();
    const rows = await this.database.read('background', em =>
      em
        .getConnection()
        .execute<Row[]>('select seq, topic, `key`, headers, value from outbox order by seq limit ?', [MAX_ROWS]),
    );
    const batch = bounded(rows);
    this.spacing.carried(batch.length);
    if (rows.length < MAX_ROWS) this.outbox.waiting = rows.length;
    if (batch.length === 0) return false;
    await this.measuring(this.kafka.send(byTopic(batch)));
    await this.database.read('background', em =>
      em.getConnection().execute(
        `delete from outbox where seq in (${batch.map(() => '?').join(', ')})`,
        batch.map(row => row.seq),
        'run',
      ),
    );
    this.published.inc(batch.length);
    return batch.length < rows.length || rows.length === MAX_ROWS ? await this.holdLease() : false;
  }

  private async holdLease(): Promise<boolean> {
    const now = await this.database.now();
    if (this.leaseUntil - now.getTime() > LEASE_MS / 2) return true;
    const until = new Date(now.getTime() + LEASE_MS);
    const rows = await this.database.read('background', async em => {
      await em.getConnection().execute(
        `insert into lease (name, owner, until) values ('outbox', ?, ?) on duplicate key update
           owner = if(owner = values(owner) or until < ?, values(owner), owner),
           until = if(owner = values(owner), values(until), until)`,
        [this.owner, until, now],
        'run',
      );
      return em.getConnection().execute<{ owner: string }[]>("select owner from lease where name = 'outbox'");
    });
    const held = rows[0]?.owner === this.owner;
    this.leaseUntil = held ? until.getTime() : 0;
    return held;
  }

  private async release(): Promise<void> {
    await this.database.read('background', em =>
      em.getConnection().execute("delete from lease where name = 'outbox' and owner = ?", [this.owner], 'run'),
    );
  }
}

/** At least one row, and no more than the broker takes in one record batch. */
function bounded(rows: Row[]): Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, i) => (bytes += row.value.length + row.headers.length) > MAX_BYTES && i > 0);
  return end === -1 ? rows : rows.slice(0, end);
}

function byTopic(rows: Row[]): TopicMessages[] {
  return [...Map.groupBy(rows, row => row.topic)].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.map(({ key, headers, value }) => ({
      key,
      value,
      headers: JSON.parse(headers) as Record<string, string>,
    })),
  }));
}
