import { AppError, Lifecycle, ServiceConfig, toError } from '@castad/platform';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Consumer, EachBatchPayload, TopicOffsets } from '@castad/kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { ConsumerHalted, Dispatcher } from './dispatcher.ts';
import { Gatherer } from './gatherer.ts';
import { isResumed } from './resumption.ts';
import { Handlers } from './handlers.ts';
import { KafkaClient } from '../kafka/kafka.client.ts';
import { subscribersAssigner } from './subscribers.assigner.ts';
import { SERVICE } from '../tokens.ts';

const REBALANCE_TIMEOUT_MS = 20_000;
const MAX_FETCH_WAIT_MS = 500;
const SILENT_MS = 30_000;
const MAX_JOIN_MS = 5_000;
/** Longer than a handler may take. */
const MAX_LEAVE_MS = 12_000;

/** The consumer stops; what is not committed will be delivered again. */
class Stopping extends AppError {
  constructor() {
    super('STOPPING', 'the consumer stops');
  }
}

/** Receives messages for the handlers of this service. The consumer group is the service. */
@Injectable()
export class KafkaTransport extends Server implements CustomTransportStrategy {
  protected override readonly logger = new Logger(KafkaTransport.name);
  private readonly consumer: Consumer;
  private readonly gatherer: Gatherer;
  private readonly handlers: Handlers;
  private halted?: ConsumerHalted;
  private started?: Promise<void>;
  private stopping = false;
  private joined = false;
  private lastHeartbeat = 0;

  constructor(
    private readonly client: KafkaClient,
    private readonly dispatcher: Dispatcher,
    @Inject(SERVICE) private readonly service: string,
    config: ServiceConfig,
    lifecycle: Lifecycle,
  ) {
    super();
    this.handlers = new Handlers(service);
    this.consumer = client.kafka.consumer({
      groupId: service,
      partitionAssigners: [subscribersAssigner],
      sessionTimeout: config.KAFKA_SESSION_TIMEOUT_MS,
      heartbeatInterval: Math.floor(config.KAFKA_SESSION_TIMEOUT_MS / 3),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 5_000,
        retries: 10,
        restartOnFailure: async () => !this.stopping && !this.halted,
      },
    });
    this.gatherer = new Gatherer((records, stillOurs) => this.dispatcher.dispatch(records, this.handlers, stillOurs));
    this.watch();
    lifecycle.addProbe({ name: 'consumer', decides: 'consumer', check: () => this.assertConsuming() });
    lifecycle.onDrain('consumers', () => this.close());
  }

  /** Returns at once: the broker may be away, and health must answer meanwhile. */
  listen(callback: () => void): void {
    for (const [pattern, handler] of this.getHandlers()) this.handlers.add(pattern, handler);
    this.started = this.connect();
    callback();
  }

  async close(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    // A member that went away while joining would keep the others waiting until its session is over.
    await Promise.race([this.started, delay(MAX_JOIN_MS, undefined, { ref: false })]);
    // Without a broker there is nobody to say goodbye to, and kafkajs would try for longer than a stop may take.
    await Promise.race([this.consumer.disconnect(), delay(MAX_LEAVE_MS, undefined, { ref: false })]);
  }

  on(): void {
    throw new AppError('NOT_SUPPORTED', 'this transport has no events');
  }

  unwrap<T>(): T {
    return this.consumer as T;
  }

  private async connect(): Promise<void> {
    const topics = this.handlers.topics();
    while (!this.stopping) {
      try {
        await this.consumer.connect();
        await this.consumer.subscribe({ topics, fromBeginning: true });
        await this.consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          // All that can be assigned: the gatherer turns concurrency into batches.
          partitionsConsumedConcurrently: topics.length * 100,
          eachBatch: payload => this.eachBatch(payload),
        });
        return;
      } catch (error) {
        this.logger.warn({ error: toError(error).message }, 'cannot consume yet');
        await delay(1_000);
      }
    }
  }

  private async eachBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const assertOurs = () => {
      // A halt says how much is done of its own batch only.
      if (this.halted || this.stopping || !payload.isRunning() || payload.isStale()) throw new Stopping();
    };
    const heartbeat = () => payload.heartbeat();
    const commit = (topics: TopicOffsets[]) => payload.commitOffsetsIfNecessary({ topics });
    try {
      for (let start = 0; start < messages.length; start += Gatherer.MAX_RECORDS) {
        assertOurs();
        const records = messages
          .slice(start, start + Gatherer.MAX_RECORDS)
          .map(record => ({ topic, partition, record }));
        await this.gatherer.add({ records, heartbeat, assertOurs, commit });
        payload.resolveOffset(records.at(-1)?.record.offset as string);
      }
      await heartbeat();
    } catch (error) {
      if (error instanceof ConsumerHalted) this.halt(error);
      else if (!(error instanceof Stopping)) throw error;
    }
  }

  private halt(reason: ConsumerHalted): void {
    if (this.halted) return;
    this.halted = reason;
    this.logger.fatal(reason.message);
    void this.waitForResume().catch((error: unknown) => {
      this.logger.fatal({ error: toError(error).message }, 'the consumer stays halted; start the process again');
    });
  }

  /** The other processes of the service take the partitions meanwhile. */
  private async waitForResume(): Promise<void> {
    const resumed = isResumed(this.client.kafka, this.service, () => this.stopping);
    await this.consumer.disconnect();
    if (!(await resumed)) return;
    this.logger.warn('the consumer goes on');
    this.halted = undefined;
    this.dispatcher.resume();
    this.started = this.connect();
  }

  private watch(): void {
    const { GROUP_JOIN, HEARTBEAT, CRASH, DISCONNECT, REBALANCING } = this.consumer.events;
    this.consumer.on(GROUP_JOIN, () => {
      this.joined = true;
      this.lastHeartbeat = Date.now();
    });
    this.consumer.on(HEARTBEAT, () => (this.lastHeartbeat = Date.now()));
    this.consumer.on(REBALANCING, () => (this.joined = false));
    this.consumer.on(DISCONNECT, () => (this.joined = false));
    this.consumer.on(CRASH, ({ payload: { error, restart } }) => {
      this.joined = false;
      if (restart || this.stopping || this.halted) return;
      // While brokers start or change places nobody coordinates the group; kafkajs takes that for final.
      if (error.name === 'KafkaJSGroupCoordinatorNotFound') {
        this.started = this.connect();
        return;
      }
      this.logger.fatal({ error: error.message }, 'the consumer crashed for good');
      process.exit(1);
    });
  }

  private assertConsuming(): void {
    if (this.halted) throw this.halted;
    if (!this.joined) throw new AppError('NOT_CONSUMING', 'not a member of the consumer group');
    if (Date.now() - this.lastHeartbeat > SILENT_MS)
      throw new AppError('NOT_CONSUMING', 'no heartbeat was answered lately');
  }
}
