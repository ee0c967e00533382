import {
  type GenerateSong,
  type Lyric,
  type LyricGenerated,
  message,
  type Plan,
  SongFailed,
  SongReady,
  type Track,
} from '@castad/contracts';
import type { Cause } from '@castad/messaging';
import { end, newJob, paidJobProperties, type Reason } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';

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
    ...paidJobProperties,
  },
});

/** One song of one order. */
export class Song extends schema.class {
  static ordered({ taskId, revision, plan, lyric }: GenerateSong | LyricGenerated, cause: Cause): Song {
    return Object.assign(new Song(), {
      taskId,
      revision,
      plan,
      lyric,
      jobIdConfirmed: false,
      ...newJob(plan.deadline, cause),
    });
  }

  get style(): string {
    return this.plan.music.style ?? this.lyric.style;
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
