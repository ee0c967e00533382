import { LyricFailed, LyricGenerated } from '@castad/contracts';
import { Restore, type MessageContext } from '@castad/messaging';
import { end, isFinal } from '@castad/worker';
import { Controller } from '@nestjs/common';
import { LyricJob } from './lyric.entity.ts';
import { LyricWorker } from './lyric.worker.ts';

/** A lost database is made again from what this service has announced. */
@Controller()
export class LyricRestorers {
  constructor(private readonly worker: LyricWorker) {}

  @Restore(LyricGenerated)
  onLyricGenerated(event: LyricGenerated, { unit, cause }: MessageContext) {
    const { taskId, revision, draftsAsked: drafts } = event;
    this.worker.restore(unit, {
      key: { taskId, revision },
      tell: known => {
        const job = known ?? LyricJob.ordered({ ...event, drafts }, cause);
        if (!isFinal(job)) job.written(event, {});
        return job;
      },
    });
  }

  @Restore(LyricFailed)
  onLyricFailed({ taskId, revision, code, reason, detail }: LyricFailed, { unit }: MessageContext) {
    this.worker.restore(unit, {
      key: { taskId, revision },
      tell: job => {
        if (job) end(job, 'failed', { code, reason, detail });
        return job;
      },
    });
  }
}
