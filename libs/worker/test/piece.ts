import { InboxRow, messagingMigrations, MessagingModule, OutboxRow } from '@castad/messaging';
import { newId, PlatformModule, ServiceConfig } from '@castad/platform';
import { aSongFailed, aSongReady } from '@castad/testing';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { Injectable, Module, type Type } from '@nestjs/common';
import {
  Bucket,
  end,
  newJob,
  paidJobColumns,
  paidJobProperties,
  PaidWorker,
  workerMigrations,
  type Outcome,
  type PaidWorkerOptions,
  type Publish,
  type Reason,
} from '../src/index.ts';

const schema = defineEntity({
  name: 'Piece',
  tableName: 'piece',
  properties: { taskId: p.string().length(36).primary(), ...paidJobProperties },
});

/** The smallest piece of paid work. */
export class Piece extends schema.class {
  static ordered(taskId: string, deadline: Date, at: Date): Piece {
    const cause = { messageId: newId(), traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, at };
    return Object.assign(new Piece(), { taskId, jobIdConfirmed: false, ...newJob(deadline.toISOString(), cause) });
  }
}
schema.setClass(Piece);

class CreatePiece extends Migration {
  override up(): void {
    this.addSql(`create table piece (
      task_id char(36) character set ascii not null primary key,
      ${paidJobColumns},
      key piece_due (due_at),
      key piece_lease (lease_owner),
      unique key piece_token (token)
    )`);
  }
}

export const pieceMigrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0100-piece', class: CreatePiece },
];

/** What a provider was asked, and what it answers. */
export interface Provider {
  submit(piece: Piece): Promise<string>;
  /** Undefined: still working. `null`: not this piece's job. */
  poll(piece: Piece, jobId: string): Promise<'done' | undefined | null>;
}

class PieceConfig extends ServiceConfig {}

export abstract class PieceWorker extends PaidWorker<Piece> {}

export function pieceModule(service: string, provider: Provider, options: PaidWorkerOptions): Type {
  @Injectable()
  class ProvidedPieceWorker extends PieceWorker {
    constructor() {
      super(Piece, options);
    }

    protected submit(piece: Piece): Promise<string> {
      return provider.submit(piece);
    }

    protected async poll(piece: Piece, jobId: string): Promise<Outcome<Piece> | undefined | null> {
      const found = await provider.poll(piece, jobId);
      return found === 'done' ? { record: (saved, publish) => ready(saved, publish) } : found;
    }

    protected fail(saved: Piece, reason: Reason, publish: Publish): void {
      end(saved, 'failed', reason);
      publish(aSongFailed({ taskId: saved.taskId, ...reason }));
    }
  }

  @Module({
    imports: [
      PlatformModule.forService({ service, config: PieceConfig, entities: [Piece, Bucket, InboxRow, OutboxRow] }),
      MessagingModule.forService(service),
    ],
    providers: [{ provide: PieceWorker, useClass: ProvidedPieceWorker }],
  })
  class PieceModule {}
  return PieceModule;
}

function ready(saved: Piece, publish: Publish): void {
  end(saved, 'done');
  publish(aSongReady({ taskId: saved.taskId }));
}
