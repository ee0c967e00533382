import { Kafka, logLevel, type Consumer } from '@castad/kafkajs';

/** Sees films end, on the topic where the gateway says so. */
export class Watcher {
  private readonly ended = new Map<string, number>();
  private readonly waiting = new Map<string, () => void>();
  private consumer!: Consumer;

  static async start(brokers: string): Promise<Watcher> {
    const watcher = new Watcher();
    const kafka = new Kafka({ clientId: 'bench', brokers: [brokers], logLevel: logLevel.NOTHING });
    watcher.consumer = kafka.consumer({ groupId: 'bench', maxWaitTimeInMs: 100 });
    await watcher.consumer.connect();
    await watcher.consumer.subscribe({ topics: ['castad.task.events'], fromBeginning: true });
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
    if (!this.ended.has(taskId)) await new Promise<void>(resolve => this.waiting.set(taskId, resolve));
    return this.ended.get(taskId) as number;
  }

  stop(): Promise<void> {
    return this.consumer.disconnect();
  }

  private see(taskId: string, type: string): void {
    if (type === 'TaskFailed.v1') throw new Error(`the film ${taskId} failed`);
    if (type !== 'TaskCompleted.v1' || this.ended.has(taskId)) return;
    this.ended.set(taskId, performance.now());
    this.waiting.get(taskId)?.();
    this.waiting.delete(taskId);
  }
}
