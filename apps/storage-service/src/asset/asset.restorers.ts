import { AssetFailed, AssetStored } from '@castad/contracts';
import { Restore, type MessageContext } from '@castad/messaging';
import { isFinal } from '@castad/worker';
import { Controller } from '@nestjs/common';
import { Asset } from './asset.entity.ts';
import { AssetWorker } from './asset.worker.ts';

/** A lost database is made again from what this service has announced. */
@Controller()
export class AssetRestorers {
  constructor(private readonly worker: AssetWorker) {}

  @Restore(AssetStored)
  onAssetStored(event: AssetStored, { unit, cause }: MessageContext) {
    const { taskId, revision, kind, ref, files } = event;
    this.worker.restore(unit, {
      key: { taskId, revision, kind, ref },
      tell: known => {
        const asset = known ?? Asset.told(event, cause);
        if (!isFinal(asset)) asset.stored(files);
        return asset;
      },
    });
  }

  @Restore(AssetFailed)
  onAssetFailed(event: AssetFailed, { unit, cause }: MessageContext) {
    const { taskId, revision, kind, ref } = event;
    this.worker.restore(unit, {
      key: { taskId, revision, kind, ref },
      tell: known => {
        const asset = known ?? Asset.told(event, cause);
        asset.failed(event);
        return asset;
      },
    });
  }
}
