import {
  AssetFailed,
  AssetStored,
  CancelTask,
  RenderCalledBack,
  RenderVideo,
  SongReady,
  TaskDeleted,
} from '@castad/contracts';
import { Handle, type MessageContext } from '@castad/messaging';
import { Controller } from '@nestjs/common';
import { Video } from './video.entity.ts';
import { wakeWaiting } from './video.waker.ts';
import { VideoWorker } from './video.worker.ts';

@Controller()
export class VideoHandlers {
  constructor(private readonly worker: VideoWorker) {}

  @Handle(RenderVideo)
  onRenderVideo(command: RenderVideo, { unit, cause }: MessageContext) {
    unit.insertIfAbsent(Video.ordered(command, cause));
  }

  @Handle(SongReady)
  onSongReady(event: SongReady, { unit, cause }: MessageContext) {
    if (event.plan.stopAfter === 'song') return;
    for (const video of Video.ofSong(event, cause)) unit.insertIfAbsent(video);
  }

  @Handle(RenderCalledBack)
  onRenderCalledBack(event: RenderCalledBack, { unit }: MessageContext) {
    this.worker.calledBack(unit, event);
  }

  @Handle(AssetStored)
  onAssetStored({ taskId, kind }: AssetStored, { unit }: MessageContext) {
    if (kind !== 'video') unit.together(wakeWaiting, taskId);
  }

  @Handle(AssetFailed)
  onAssetFailed({ taskId, kind }: AssetFailed, { unit }: MessageContext) {
    if (kind !== 'video') unit.together(wakeWaiting, taskId);
  }

  @Handle(CancelTask)
  onCancelTask({ taskId, revision }: CancelTask, { unit }: MessageContext) {
    this.worker.cancel(unit, taskId, revision);
  }

  @Handle(TaskDeleted)
  onTaskDeleted({ taskId }: TaskDeleted, { unit }: MessageContext) {
    this.worker.erase(unit, taskId);
  }
}
