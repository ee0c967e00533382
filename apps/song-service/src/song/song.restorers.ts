import { SongFailed, SongReady, SongSubmitBegun, SongSubmitted } from '@castad/contracts';
import { Restore, type MessageContext } from '@castad/messaging';
import { end, isFinal, restoreBegun, restoreSubmitted } from '@castad/worker';
import { Controller } from '@nestjs/common';
import { Song } from './song.entity.ts';
import { SongWorker } from './song.worker.ts';

/** A lost database is made again from what this service has announced. */
@Controller()
export class SongRestorers {
  constructor(private readonly worker: SongWorker) {}

  @Restore(SongSubmitBegun)
  onSongSubmitBegun(event: SongSubmitBegun, { unit, cause }: MessageContext) {
    const { taskId, revision, attempt, token, replaces } = event;
    this.worker.restore(unit, {
      key: { taskId, revision },
      tell: (known, until) => {
        const song = known ?? Song.ordered(event, cause);
        restoreBegun(song, attempt, token, until);
        song.failedJobId ??= replaces;
        return song;
      },
    });
  }

  @Restore(SongSubmitted)
  onSongSubmitted({ taskId, revision, attempt, jobId }: SongSubmitted, { unit }: MessageContext) {
    this.worker.restore(unit, {
      key: { taskId, revision },
      tell: (song, until) => {
        if (song) restoreSubmitted(song, attempt, jobId, until);
        return song;
      },
    });
  }

  @Restore(SongReady)
  onSongReady(event: SongReady, { unit, cause }: MessageContext) {
    const { taskId, revision, tracks, chosenTrackId } = event;
    this.worker.restore(unit, {
      key: { taskId, revision },
      tell: known => {
        const song = known ?? Song.sung(event, cause);
        if (!isFinal(song)) song.ready(tracks, chosenTrackId);
        return song;
      },
    });
  }

  @Restore(SongFailed)
  onSongFailed({ taskId, revision, code, reason, detail }: SongFailed, { unit }: MessageContext) {
    this.worker.restore(unit, {
      key: { taskId, revision },
      tell: song => {
        if (song) end(song, 'failed', { code, reason, detail });
        return song;
      },
    });
  }
}
