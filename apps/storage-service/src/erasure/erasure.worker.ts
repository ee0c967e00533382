import { type Cause, noteDeleted } from '@castad/messaging';
import { explain, type UnitOfWork } from '@castad/platform';
import {
  asProviderError,
  backOffMs,
  cancelRows,
  clearError,
  end,
  EVER,
  troubled,
  type Outcome,
  Worker,
} from '@castad/worker';
import type { EntityManager } from '@mikro-orm/mysql';
import { Injectable } from '@nestjs/common';
import { Asset } from '../asset/asset.entity.ts';
import { prefixOf } from '../asset/blob-path.ts';
import { BlobClient } from '../azure/blob.client.ts';
import { StorageServiceConfig } from '../storage-service.config.ts';
import { Erasure } from './erasure.entity.ts';

const CONCURRENCY = 4;
const LOOK_AGAIN_MS = 5_000;

/**
 * Erases rows and files of deleted tasks: at once, as soon as a copy that was in progress has ended, and once more when
 * nobody can be writing any more, whoever died at it.
 */
@Injectable()
export class ErasureWorker extends Worker<Erasure> {
  constructor(
    private readonly blobs: BlobClient,
    private readonly config: StorageServiceConfig,
  ) {
    super(Erasure, { concurrency: CONCURRENCY });
  }

  /** A row that is being copied for stays as long as its lease, which tells that somebody may be writing. */
  eraseFiles(unit: UnitOfWork, taskId: string, cause: Cause): void {
    unit.together(this.eraseFilesOf, Erasure.of(taskId, cause));
  }

  private readonly eraseFilesOf = async (unit: UnitOfWork, erasures: Erasure[]): Promise<void> => {
    const taskIds = erasures.map(({ taskId }) => taskId);
    await noteDeleted(unit.em, taskIds);
    await deleteIdle(unit.em, taskIds, unit.now);
    await cancelRows(
      unit.em,
      Asset,
      taskIds.map(taskId => ({ taskId, revision: EVER })),
    );
    for (const erasure of erasures) unit.insertIfAbsent(erasure);
  };

  protected async step({ taskId, createdAt }: Erasure, now: Date): Promise<Outcome<Erasure>> {
    // Asked first: what was written until the last copy ended is found by what follows.
    const isCopying = await this.isCopying(taskId);
    const removed = await this.blobs.removeAll(prefixOf(taskId));
    const mayBeWrittenMs = createdAt.getTime() + this.config.STORAGE_COPY_TIMEOUT_MS - now.getTime();
    if (removed === 0 && !isCopying && mayBeWrittenMs <= 0) return { record: saved => end(saved, 'done') };
    const dueInMs = isCopying ? LOOK_AGAIN_MS : Math.max(LOOK_AGAIN_MS, mayBeWrittenMs);
    return { record: saved => clearError(saved), dueInMs };
  }

  protected failed(erasure: Erasure, thrown: Error): Outcome<Erasure> {
    const error = asProviderError(thrown);
    const { taskId, tries } = erasure;
    this.logger.warn({ taskId, tries, error: explain(error) }, 'files of a deleted project were not removed');
    return { record: saved => troubled(saved, error), dueInMs: backOffMs(tries, error.retryAfterMs) };
  }

  private isCopying(taskId: string): Promise<boolean> {
    return this.database.transaction('background', async ({ em, now }) => {
      await deleteIdle(em, [taskId], now);
      return (await em.count(Asset, { taskId })) > 0;
    });
  }
}

async function deleteIdle(em: EntityManager, taskIds: string[], now: Date): Promise<void> {
  await em.nativeDelete(Asset, {
    taskId: { $in: taskIds },
    $or: [{ leaseUntil: null }, { leaseUntil: { $lte: now } }],
  });
}
