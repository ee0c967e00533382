import {
  Handle,
  InboxRow,
  type MessageContext,
  messagingMigrations,
  MessagingModule,
  OutboxRow,
} from '@castad/messaging';
import { newId, PlatformModule, ServiceConfig } from '@castad/platform';
import { message, SongCalledBack, SongSubmitBegun, SongSubmitted, type Stage } from '@castad/contracts';
import { aGenerateSong, aSongFailed, aSongReady } from '@castad/testing';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { Controller, Injectable, Module, type Type } from '@nestjs/common';
import {
  Bucket,
  Cancellation,
  end,
  newJob,
  paidJobColumns,
  paidJobProperties,
  PaidWorker,
  errorDetailColumn,
  retryColumn,
  workerMigrations,
  type Outcome,
  type PaidWorkerOptions,
  type Publish,
  type Reason,
} from '../src/index.ts';

const schema = defineEntity({
  name: 'Piece',
  tableName: 'piece',
  properties: { taskId: p.string().length(36).primary(), revision: p.integer().primary(), ...paidJobProperties },
});

export interface Retry {
  revision?: number;
  retryOf?: number;
}

/** The smallest piece of paid work. */
export class Piece extends schema.class {
  static ordered(taskId: string, deadline: Date, at: Date, { revision = 1, retryOf }: Retry = {}): Piece {
    const cause = { messageId: newId(), traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, at };
    const job = newJob(deadline.toISOString(), cause);
    return Object.assign(new Piece(), { taskId, revision, retryOf, jobIdConfirmed: false, ...job });
  }
}
schema.setClass(Piece);

class CreatePiece extends Migration {
  override up(): void {
    this.addSql(`create table piece (
      task_id char(36) character set ascii not null,
      revision int not null,
      ${paidJobColumns},
      ${retryColumn},
      ${errorDetailColumn},
      primary key (task_id, revision),
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

/** Undefined: still working. `null`: not this piece's job. */
export type Found = 'done' | 'failed' | undefined | null;

/** What a provider was asked, and what it answers. */
export interface Provider {
  prepare?(piece: Piece): Promise<void>;
  beforeCallback?(): Promise<void>;
  submit(piece: Piece): Promise<string>;
  poll(piece: Piece, jobId: string): Promise<Found>;
}

class PieceConfig extends ServiceConfig {}

export abstract class PieceWorker extends PaidWorker<Piece> {}

export function pieceModule(service: string, provider: Provider, options: PaidWorkerOptions): Type {
  @Injectable()
  class ProvidedPieceWorker extends PieceWorker {
    constructor() {
      super(Piece, options);
    }

    protected override stageOf(): Stage {
      return 'song';
    }

    protected prepare(piece: Piece): Promise<void> | void {
      return provider.prepare?.(piece);
    }

    protected submit(piece: Piece): Promise<string> {
      return provider.submit(piece);
    }

    protected submitBegun({ taskId, revision, attempt, token }: Piece): SongSubmitBegun {
      const { plan, lyric } = aGenerateSong();
      return message(SongSubmitBegun, { taskId, revision, plan, lyric, attempt, token: token as string });
    }

    protected submitTaken({ taskId, revision, attempt, jobId }: Piece): SongSubmitted {
      return message(SongSubmitted, { taskId, revision, attempt, jobId: jobId as string });
    }

    protected isSameWork(): boolean {
      return true;
    }

    protected takeResult(piece: Piece, _earlier: Piece, publish: Publish): void {
      ready(piece, publish);
    }

    protected async poll(piece: Piece, jobId: string): Promise<Outcome<Piece> | undefined | null> {
      await this.permitted(piece);
      const found = await provider.poll(piece, jobId);
      if (found === 'failed')
        return this.jobFailed(piece, { code: 'NOTHING_CAME', reason: 'Nothing came of it.', retryable: true });
      return found === 'done' ? { record: (saved, publish) => ready(saved, publish) } : found;
    }

    protected fail(saved: Piece, reason: Reason, publish: Publish): void {
      end(saved, 'failed', reason);
      publish(aSongFailed({ taskId: saved.taskId, ...reason }));
    }
  }

  @Controller()
  class PieceHandlers {
    constructor(private readonly worker: PieceWorker) {}

    @Handle(SongCalledBack)
    async onSongCalledBack(event: SongCalledBack, { unit }: MessageContext) {
      await provider.beforeCallback?.();
      this.worker.calledBack(unit, event);
    }
  }

  @Module({
    imports: [
      PlatformModule.forService({
        service,
        config: PieceConfig,
        entities: [Piece, Bucket, Cancellation, InboxRow, OutboxRow],
      }),
      MessagingModule.forService(service),
    ],
    controllers: [PieceHandlers],
    providers: [{ provide: PieceWorker, useClass: ProvidedPieceWorker }],
  })
  class PieceModule {}
  return PieceModule;
}

function ready(saved: Piece, publish: Publish): void {
  end(saved, 'done');
  publish(aSongReady({ taskId: saved.taskId, revision: saved.revision }));
}
