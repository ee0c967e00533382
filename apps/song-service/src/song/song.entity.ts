import {
  GenerateSong,
  type Lyric,
  type LyricGenerated,
  message,
  type Plan,
  SongFailed,
  SongReady,
  SongSubmitBegun,
  SongSubmitted,
  type Track,
} from '@castad/contracts';
import type { Cause } from '@castad/messaging';
import { end, newJob, paidJobProperties, type Reason } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';
import { isDeepStrictEqual } from 'node:util';

const schema = defineEntity({
  name: 'Song',
  tableName: 'song',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer().primary(),
    plan: p.json<Plan>(),
    lyric: p.json<Lyric>(),
    tracks: p.json<Track[]>().nullable(),
    chosenTrackId: p.string().length(100).nullable(),
    /** The job that nothing came of and another one was ordered for; there is no third. */
    failedJobId: p.string().length(100).nullable(),
    ...paidJobProperties,
  },
});

/** One song of one order. */
export class Song extends schema.class {
  static ordered(order: GenerateSong | LyricGenerated | SongSubmitBegun, cause: Cause): Song {
    const { taskId, revision, plan, lyric } = order;
    return Object.assign(new Song(), {
      taskId,
      revision,
      plan,
      lyric,
      jobIdConfirmed: false,
      retryOf: 'retryOf' in order ? order.retryOf : undefined,
      ...newJob(plan.deadline, cause),
    });
  }

  /** A song that is known by its result alone. */
  static sung({ taskId, revision, plan, title, tracks }: SongReady, cause: Cause): Song {
    const lines = tracks.find(track => track.lines)?.lines ?? [];
    const lyric: Lyric = {
      title,
      style: plan.music.style ?? '',
      sections: [{ label: 'verse', lines: lines.map(({ text }) => text) }],
    };
    return Song.ordered(message(GenerateSong, { taskId, revision, plan, lyric }), cause);
  }

  isSameWorkAs({ plan, lyric }: Song): boolean {
    return isDeepStrictEqual([lyric, plan.music], [this.lyric, this.plan.music]);
  }

  submitBegun(): SongSubmitBegun {
    const { taskId, revision, plan, lyric, attempt, token, failedJobId } = this;
    return message(SongSubmitBegun, {
      ...{ taskId, revision, plan, lyric, attempt, token: token as string },
      ...(failedJobId && { replaces: failedJobId }),
    });
  }

  submitTaken(): SongSubmitted {
    const { taskId, revision, attempt, jobId } = this;
    return message(SongSubmitted, { taskId, revision, attempt, jobId: jobId as string });
  }

  ready(tracks: Track[], chosenTrackId: string): SongReady {
    const { taskId, revision, plan, lyric } = this;
    this.tracks = tracks;
    this.chosenTrackId = chosenTrackId;
    end(this, 'done');
    return message(SongReady, { taskId, revision, plan, title: lyric.title, tracks, chosenTrackId });
  }

  failed(reason: Reason): SongFailed {
    const { taskId, revision } = this;
    end(this, 'failed', reason);
    return message(SongFailed, { taskId, revision, ...reason });
  }
}
schema.setClass(Song);
