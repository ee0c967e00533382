import { TRANSPORT } from '@castad/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { Backlog } from './consumer/backlog.ts';
import { DeadLetters } from './consumer/dead-letters.ts';
import { Dispatcher } from './consumer/dispatcher.ts';
import { Journal } from './producer/journal.ts';
import { KafkaClient } from './kafka/kafka.client.ts';
import { KafkaTransport } from './consumer/kafka.transport.ts';
import { Outbox } from './producer/outbox.ts';
import { OutboxRelay } from './producer/outbox.relay.ts';
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
