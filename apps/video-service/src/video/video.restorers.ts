import { RenderFailed, RenderSubmitBegun, RenderSubmitted, RenderSucceeded } from '@castad/contracts';
import { Restore, type MessageContext } from '@castad/messaging';
import { end, isFinal, restoreBegun, restoreSubmitted } from '@castad/worker';
import { Controller } from '@nestjs/common';
import { Video } from './video.entity.ts';
import { VideoWorker } from './video.worker.ts';

/** A lost database is made again from what this service has announced. */
@Controller()
export class VideoRestorers {
  constructor(private readonly worker: VideoWorker) {}

  @Restore(RenderSubmitBegun)
  onRenderSubmitBegun(event: RenderSubmitBegun, { unit, cause }: MessageContext) {
    const { taskId, revision, format, attempt, token } = event;
    this.worker.restore(unit, {
      key: { taskId, revision, format },
      tell: (known, until) => {
        const video = known ?? Video.ordered(event, cause);
        restoreBegun(video, attempt, token, until);
        return video;
      },
    });
  }

  @Restore(RenderSubmitted)
  onRenderSubmitted({ taskId, revision, format, attempt, jobId }: RenderSubmitted, { unit }: MessageContext) {
    this.worker.restore(unit, {
      key: { taskId, revision, format },
      tell: (video, until) => {
        if (video) restoreSubmitted(video, attempt, jobId, until);
        return video;
      },
    });
  }

  @Restore(RenderSucceeded)
  onRenderSucceeded(event: RenderSucceeded, { unit, cause }: MessageContext) {
    const { taskId, revision, format, url, posterUrl, durationSeconds } = event;
    this.worker.restore(unit, {
      key: { taskId, revision, format },
      tell: known => {
        const video = known ?? Video.cut(event, cause);
        if (!isFinal(video)) video.succeeded(url, posterUrl, durationSeconds);
        return video;
      },
    });
  }

  @Restore(RenderFailed)
  onRenderFailed({ taskId, revision, format, code, reason, detail }: RenderFailed, { unit }: MessageContext) {
    this.worker.restore(unit, {
      // Who did not say its format made one film alone.
      key: { taskId, revision, ...(format && { format }) },
      tell: video => {
        if (video) end(video, 'failed', { code, reason, detail });
        return video;
      },
    });
  }
}
