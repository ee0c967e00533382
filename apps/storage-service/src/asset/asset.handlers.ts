import { RenderSucceeded, SongReady, TaskDeleted } from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { ErasureWorker } from '../erasure/erasure.worker.ts';
import { Asset } from './asset.entity.ts';

@Controller()
export class AssetHandlers {
  constructor(private readonly erasures: ErasureWorker) {}

  @Handle(SongReady)
  onSongReady(event: SongReady, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(Asset.ofSong(event, cause));
  }

  @Handle(RenderSucceeded)
  onRenderSucceeded(event: RenderSucceeded, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(Asset.ofRender(event, cause));
  }

  @Handle(TaskDeleted)
  onTaskDeleted({ taskId }: TaskDeleted, { unit, cause }: MessageContext) {
    this.erasures.eraseFiles(unit, taskId, cause);
  }
}
