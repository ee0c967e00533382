import { Database, Lifecycle, Metrics, Pacemaker, ServiceConfig, Spacing, explain } from '@castad/platform';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DeadLetters } from '../consumer/dead-letters.ts';
import { KafkaClient } from '../kafka/kafka.client.ts';
import { Outbox } from './outbox.ts';
import { OutboxRow } from './outbox.entity.ts';
import { OutboxSender, type Row } from './outbox.sender.ts';
import { RelayLease } from './relay-lease.ts';

const MAX_ROWS = 500;
/** Of one request: less than the broker takes in one batch (1 MiB), whatever the partitions of the rows. */
const MAX_BYTES = 512 * 1024;
const IDLE_MS = 1_000;
const BUSY_MS = 25;
const MAX_FAILURE_PAUSE_MS = 5_000;
const LAST_PASS_MS = 5_000;
const SPACING_MS = 30;

/**
 * Publishes the outbox, each partition in the order it was written. One relay per service is active, by a lease; one
 * that lost its lease without noticing can only send duplicates.
 */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap {
  private readonly logger = new Logger(OutboxRelay.name);
  private readonly pace = new Pacemaker(IDLE_MS);
  private readonly published;
  private readonly blocked;
  private readonly spacing = new Spacing(SPACING_MS);
  private readonly lease: RelayLease;
  private readonly sender: OutboxSender;
  private stopping = false;
  private ended?: Promise<void>;

  constructor(
    private readonly database: Database,
    kafka: KafkaClient,
    deadLetters: DeadLetters,
    private readonly outbox: Outbox,
    private readonly config: ServiceConfig,
    lifecycle: Lifecycle,
    metrics: Metrics,
  ) {
    this.lease = new RelayLease(database);
    this.sender = new OutboxSender(kafka, deadLetters);
    this.published = metrics.counter('castad_outbox_published_total', 'Outbox rows acknowledged by the broker');
    this.blocked = metrics.gauge('castad_outbox_blocked_partitions', 'Partitions that take nothing at the moment');
    this.blocked.set(0);
    database.onDue(OutboxRow, { wake: () => this.pace.wake() });
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
    await this.lease.end().catch(() => undefined);
  }

  private async run(): Promise<void> {
    let [failures, refusals] = [0, 0];
    for (let isWoken = true; ;) {
      const last = this.stopping;
      try {
        await this.lease.announce();
        const isRefused = (isWoken || (await this.isAnyWaiting())) && !(await this.relay());
        refusals = isRefused ? refusals + 1 : 0;
        failures = 0;
      } catch (error) {
        failures++;
        this.logger.warn({ error: explain(error), failures }, 'the outbox waits');
      }
      if (last) return;
      isWoken = await this.pace.rest(this.restMs(failures, refusals));
    }
  }

  /** While another process relays, what we wrote may have come too late for its pass: we soon try to do it ourselves. */
  private restMs(failures: number, refusals: number): number {
    if (failures > 0) return Math.min(BUSY_MS * 2 ** failures, MAX_FAILURE_PAUSE_MS);
    if (refusals > 0) return Math.min(BUSY_MS * 2 ** (refusals - 1), IDLE_MS);
    return Math.min(this.sender.nextTryMs() ?? IDLE_MS, IDLE_MS);
  }

  /** Sends all there is. False: another process does. */
  private async relay(): Promise<boolean> {
    if (!(await this.lease.hold())) return false;
    while ((await this.publish()) && (await this.lease.hold()));
    await this.lease.idle();
    return true;
  }

  /** Sending to a broker that is away takes long, and meanwhile more comes. */
  private async measuring<T>(sending: Promise<T>): Promise<T> {
    const timer = setInterval(() => void this.isAnyWaiting().catch(() => undefined), IDLE_MS);
    try {
      return await sending;
    } finally {
      clearInterval(timer);
    }
  }

  /** How much waits, as far as it matters: whoever accepts work wants to know. */
  private async isAnyWaiting(): Promise<boolean> {
    const [row] = await this.database.read('background', em =>
      em
        .getConnection()
        .execute<[{ waiting: number }]>('select count(*) waiting from (select 1 from outbox limit ?) rows_there', [
          this.config.OUTBOX_MAX_ROWS + 1,
        ]),
    );
    this.outbox.waiting = Number(row.waiting);
    return this.outbox.waiting > 0;
  }

  /** Sends one batch; says whether there may be more that can be sent now. */
  private async publish(): Promise<boolean> {
    await this.spacing.begin();
    const blocked = this.sender.waiting().length;
    const rows = await this.read();
    const batch = bounded(rows);
    this.spacing.carried(batch.length);
    if (batch.length === 0) return false;
    const sent = await this.measuring(this.sender.send(batch));
    if (sent.length > 0) await this.remove(sent);
    if (rows.length < MAX_ROWS) this.outbox.waiting = rows.length - sent.length;
    this.blocked.set(this.sender.waiting().length);
    const isProgress = sent.length > 0 || this.sender.waiting().length > blocked;
    return isProgress && (batch.length < rows.length || rows.length === MAX_ROWS);
  }

  private read(): Promise<Row[]> {
    const waiting = this.sender.waiting();
    const others = waiting.map(() => 'not (topic = ? and partition_no <=> ?)');
    return this.database.read('background', em =>
      em.getConnection().execute<Row[]>(
        `select seq, topic, \`key\`, headers, value from outbox
           ${others.length > 0 ? `where ${others.join(' and ')}` : ''} order by seq limit ?`,
        [...waiting.flatMap(({ topic, partition }) => [topic, partition]), MAX_ROWS],
      ),
    );
  }

  private async remove(sent: Row[]): Promise<void> {
    await this.database.read('background', em =>
      em.getConnection().execute(
        `delete from outbox where seq in (${sent.map(() => '?').join(', ')})`,
        sent.map(row => row.seq),
        'run',
      ),
    );
    this.published.inc(sent.length);
  }
}

/** At least one row, and no more than the broker takes in one record batch. */
function bounded(rows: Row[]): Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, i) => (bytes += sizeOf(row)) > MAX_BYTES && i > 0);
  return end === -1 ? rows : rows.slice(0, end);
}

const sizeOf = ({ key, value, headers }: Row): number =>
  Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(headers);
