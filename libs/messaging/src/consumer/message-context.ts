import type { Message } from '@castad/contracts';
import type { UnitOfWork } from '@castad/platform';
import { BaseRpcContext } from '@nestjs/microservices';
import type { Cause, Envelope } from '../envelope.ts';
import type { Outbox } from '../producer/outbox.ts';

/** What a handler works with besides the message itself. */
export class MessageContext extends BaseRpcContext {
  readonly cause: Cause;

  constructor(
    readonly envelope: Envelope,
    readonly unit: UnitOfWork,
    private readonly outbox: Outbox,
  ) {
    super([]);
    this.cause = { messageId: envelope.id, traceparent: envelope.traceparent, at: unit.now };
  }

  publish(message: Message): void {
    this.outbox.add(this.unit, message, this.cause);
  }
}
