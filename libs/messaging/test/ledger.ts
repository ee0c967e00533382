import { CancelTask, LyricFailed, TaskCompleted, TaskDeleted, type Message } from '@castad/contracts';
import { PlatformModule, ServiceConfig } from '@castad/platform';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { Controller, Module, type Type } from '@nestjs/common';
import {
  Handle,
  InboxRow,
  messagingMigrations,
  MessagingModule,
  OutboxRow,
  type Envelope,
  type MessageContext,
} from '../src/index.ts';

const schema = defineEntity({
  name: 'Entry',
  tableName: 'entry',
  properties: {
    seq: p.bigint('number').primary().autoincrement(),
    messageId: p.string().length(36),
    taskId: p.string().length(36),
    revision: p.integer(),
  },
});

/** That a message took effect. Nothing but the inbox keeps a second one away. */
export class Entry extends schema.class {
  static of({ taskId, revision }: Message, { id }: Envelope): Entry {
    return Object.assign(new Entry(), { messageId: id, taskId, revision });
  }
}
schema.setClass(Entry);

class CreateEntry extends Migration {
  override up(): void {
    this.addSql(`create table entry (
      seq bigint not null auto_increment primary key,
      message_id char(36) not null,
      task_id char(36) not null,
      revision int not null,
      key entry_task (task_id)
    )`);
    this.addSql('create table shared (name char(36) not null primary key, touched int not null)');
  }
}

export const ledgerMigrations = [...messagingMigrations, { name: '0100-entry', class: CreateEntry }];

class LedgerConfig extends ServiceConfig {}

export type Handler = (message: Message, context: MessageContext) => unknown;

export const enter: Handler = (message, { unit, envelope }) => unit.insert(Entry.of(message, envelope));

/** `first`: the service before it learned of more than failed lyrics. */
export type Version = 'first' | 'current';

/** A service that enters what it handles, or does with it what a test wants. */
export function ledger(service: string, handler: Handler = enter, version: Version = 'current'): Type {
  @Controller()
  class FirstHandlers {
    @Handle(LyricFailed)
    async onLyricFailed(event: LyricFailed, context: MessageContext) {
      await handler(event, context);
    }
  }

  @Controller()
  class LedgerHandlers extends FirstHandlers {
    @Handle(CancelTask)
    async onCancelTask(command: CancelTask, context: MessageContext) {
      await handler(command, context);
    }

    @Handle(TaskCompleted, TaskDeleted)
    async onTaskEvent(event: TaskCompleted | TaskDeleted, context: MessageContext) {
      await handler(event, context);
    }
  }

  @Module({
    imports: [
      PlatformModule.forService({ service, config: LedgerConfig, entities: [Entry, InboxRow, OutboxRow] }),
      MessagingModule.forService(service),
    ],
    controllers: [version === 'first' ? FirstHandlers : LedgerHandlers],
  })
  class LedgerModule {}
  return LedgerModule;
}
