import { TRANSPORT } from '@castad/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { Backlog } from './backlog.ts';
import { DeadLetters } from './dead-letters.ts';
import { Dispatcher } from './dispatcher.ts';
import { Journal } from './journal.ts';
import { KafkaClient } from './kafka.client.ts';
import { KafkaTransport } from './kafka.transport.ts';
import { Outbox } from './outbox.ts';
import { OutboxRelay } from './outbox.relay.ts';
import { SERVICE } from './tokens.ts';

/** Sending through the outbox, receiving through the inbox. */
@Module({})
export class MessagingModule {
  static forService(service: string): DynamicModule {
    return {
      module: MessagingModule,
      global: true,
      providers: [
        { provide: SERVICE, useValue: service },
        KafkaClient,
        Journal,
        Backlog,
        Outbox,
        OutboxRelay,
        DeadLetters,
        Dispatcher,
        KafkaTransport,
        { provide: TRANSPORT, useExisting: KafkaTransport },
      ],
      exports: [Backlog, Journal, Outbox, TRANSPORT],
    };
  }
}
