import { Kafka, logLevel, type Consumer } from '@castad/kafkajs';
import { Failure } from '../sandbox/failure.ts';

const GIVEN_UP_MS = 180_000;

/** Where an end is announced, and by which types. */
const films = { topic: 'castad.task.events', done: 'TaskCompleted.v1', failed: 'TaskFailed.v1' };
export const copies = { topic: 'castad.storage.events', done: 'AssetStored.v1', failed: 'AssetFailed.v1' };

/** Sees films end, on the topic where the gateway says so, or something else on another one. */
export class Watcher {
  private readonly ended = new Map<string, number | Failure>();
  private readonly waiting = new Map<string, () => void>();
  private consumer!: Consumer;
  private ends = films;

  static async start(brokers: string, ends = films): Promise<Watcher> {
    const watcher = new Watcher();
    watcher.ends = ends;
    const kafka = new Kafka({ clientId: 'bench', brokers: [brokers], logLevel: logLevel.NOTHING });
    watcher.consumer = kafka.consumer({ groupId: 'bench', maxWaitTimeInMs: 100 });
    await watcher.consumer.connect();
    await watcher.consumer.subscribe({ topics: [ends.topic], fromBeginning: true });
    const joined = new Promise<void>(resolve =>
      watcher.consumer.on(watcher.consumer.events.GROUP_JOIN, () => resolve()),
    );
    await watcher.consumer.run({
      eachMessage: async ({ message: { key, headers } }) => watcher.see(String(key), String(headers?.ce_type)),
    });
    await joined;
    return watcher;
  }

  /** Resolves with the time (performance.now) at which the film was completed. */
  async completed(taskId: string): Promise<number> {
    if (!this.ended.has(taskId)) await this.end(taskId);
    const end = this.ended.get(taskId) ?? new Failure(`The film ${taskId} did not end in ${GIVEN_UP_MS / 1000} s.`);
    if (end instanceof Failure) throw end;
    return end;
  }

  stop(): Promise<void> {
    return this.consumer.disconnect();
  }

  private async end(taskId: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GIVEN_UP_MS).unref();
    this.waiting.set(taskId, resolve);
    await promise;
    clearTimeout(timer);
  }

  private see(taskId: string, type: string): void {
    if (this.ended.has(taskId)) return;
    if (type === this.ends.failed) this.ended.set(taskId, new Failure(`${type} of ${taskId}.`));
    else if (type === this.ends.done) this.ended.set(taskId, performance.now());
    else return;
    this.waiting.get(taskId)?.();
    this.waiting.delete(taskId);
  }
}
