import { RenderSucceeded, SongReady } from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { Asset } from './asset.entity.ts';

@Controller()
export class AssetHandlers {
  @Handle(SongReady)
  onSongReady(event: SongReady, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(Asset.ofSong(event, cause));
  }

  @Handle(RenderSucceeded)
  onRenderSucceeded(event: RenderSucceeded, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(Asset.ofRender(event, cause));
  }
}
