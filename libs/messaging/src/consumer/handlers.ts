import { catalog, replayTopic } from '@castad/contracts';
import { AppError } from '@castad/platform';
import type { MessageHandler } from '@nestjs/microservices';
import { RESTORE } from './handle.decorator.ts';

/** The handlers of one service: of what comes live, and of what is restored when it is replayed. */
export class Handlers {
  private readonly live = new Map<string, MessageHandler>();
  private readonly restoring = new Map<string, MessageHandler>();
  private readonly replayTopic: string;

  constructor(service: string) {
    this.replayTopic = replayTopic(service);
  }

  add(pattern: string, handler: MessageHandler): void {
    const restores = pattern.startsWith(RESTORE);
    const type = restores ? pattern.slice(RESTORE.length) : pattern;
    if (!catalog.has(type)) throw new AppError('UNKNOWN_TYPE', `${type} is handled but not in the catalog`);
    if (handler.next) throw new AppError('TWO_HANDLERS', `${type} has more than one handler`);
    (restores ? this.restoring : this.live).set(type, handler);
  }

  /** What is only restored is not listened to. */
  topics(): string[] {
    return [...new Set([...this.live.keys()].map(type => catalog.get(type)?.topic as string)), this.replayTopic];
  }

  find(topic: string, type: string): MessageHandler | undefined {
    return (topic === this.replayTopic ? this.restoring.get(type) : undefined) ?? this.live.get(type);
  }
}
