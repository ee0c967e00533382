import { AssetFailed, AssetStored, RenderVideo, SongReady } from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { Video } from './video.entity.ts';
import { VideoWaker } from './video.waker.ts';

@Controller()
export class VideoHandlers {
  constructor(private readonly waker: VideoWaker) {}

  @Handle(RenderVideo)
  onRenderVideo(command: RenderVideo, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(Video.ordered(command, cause));
  }

  @Handle(SongReady)
  onSongReady(event: SongReady, { unit, cause }: MessageContext) {
    if (event.plan.stopAfter !== 'song') unit.insertIfAbsent(Video.ofSong(event, cause));
  }

  @Handle(AssetStored)
  onAssetStored({ taskId, kind }: AssetStored, { unit }: MessageContext) {
    if (kind !== 'video') this.waker.wake(unit, taskId);
  }

  @Handle(AssetFailed)
  onAssetFailed({ taskId, kind }: AssetFailed, { unit }: MessageContext) {
    if (kind !== 'video') this.waker.wake(unit, taskId);
  }
}
