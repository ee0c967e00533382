import {
  type Cut,
  cutOf,
  type Format,
  formatsOf,
  message,
  type Plan,
  planOfFilm,
  RenderFailed,
  RenderSubmitBegun,
  RenderSubmitted,
  RenderSucceeded,
  type RenderVideo,
  type SongReady,
  type Track,
} from '@castad/contracts';
import type { Cause } from '@castad/messaging';
import { AppError, shortened } from '@castad/platform';
import { end, newJob, paidJobProperties, type Reason } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';
import { isDeepStrictEqual } from 'node:util';

const schema = defineEntity({
  name: 'Video',
  tableName: 'video',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer().primary(),
    format: p.string().$type<Format>().primary(),
    plan: p.json<Plan>(),
    title: p.string().length(80),
    songRevision: p.integer(),
    track: p.json<Track>(),
    /** What the film may be made of where that track's file cannot be had. */
    otherTracks: p.json<Track[]>().nullable(),
    url: p.string().length(2000).nullable(),
    posterUrl: p.string().length(2000).nullable(),
    durationSeconds: p.float().nullable(),
    ...paidJobProperties,
  },
});

/** What a copy of a song's files usually takes. */
const COPY_MS = 500;

type Input = Pick<RenderVideo, 'taskId' | 'revision' | 'plan' | 'title' | 'songRevision' | 'track' | 'retryOf'>;

/** One film of one order, in one format; its plan names no other. */
export class Video extends schema.class {
  static ordered({ taskId, revision, plan, title, songRevision, track, retryOf }: Input, cause: Cause): Video {
    const { format } = plan.video;
    const job = newJob(plan.deadline, cause);
    return Object.assign(new Video(), {
      taskId,
      revision,
      format,
      plan: planOfFilm(plan, format),
      title,
      songRevision,
      track,
      retryOf,
      jobIdConfirmed: false,
      ...job,
    });
  }

  /** The films of a song that was just made, of its chosen track. Its files are being copied: `AssetStored` wakes them. */
  static ofSong({ taskId, revision, plan, title, tracks, chosenTrackId }: SongReady, cause: Cause): Video[] {
    const track = tracks.find(({ trackId }) => trackId === chosenTrackId);
    if (!track) throw new AppError('TRACK_MISSING', 'the chosen track is not among the tracks');
    const film = { taskId, revision, title, songRevision: revision, track };
    return formatsOf(plan.video).map(format => {
      const video = Video.ordered({ ...film, plan: planOfFilm(plan, format) }, cause);
      video.otherTracks = tracks.filter(other => other !== track);
      video.dueAt = new Date(video.createdAt.getTime() + COPY_MS);
      return video;
    });
  }

  /** A film that is known by its result alone. */
  static cut({ taskId, revision, plan, url, durationSeconds }: RenderSucceeded, cause: Cause): Video {
    const title = shortened(plan.brief.businessName, 80);
    const track = { trackId: 'unknown', url, durationSeconds };
    return Video.ordered({ taskId, revision, plan, title, songRevision: revision, track }, cause);
  }

  /** The tracks the film may be made of, the chosen one first. */
  candidates(): Track[] {
    return [this.track, ...(this.otherTracks ?? [])];
  }

  /** The part of the song that the film shows. */
  cut(): Cut {
    return cutOf(this.track, this.plan.music.durationSeconds);
  }

  /** Whether a film of the other order shows the same to the same song. */
  isSameWorkAs({ plan, track, format }: Video): boolean {
    const shown = (film: Plan) => [film.brief, film.video, film.imageIds, film.music.durationSeconds];
    return isDeepStrictEqual([shown(plan), track.trackId, format], [shown(this.plan), this.track.trackId, this.format]);
  }

  submitBegun(): RenderSubmitBegun {
    const { taskId, revision, plan, format, title, songRevision, track, attempt, token } = this;
    const film = { taskId, revision, plan, format, title, songRevision, track };
    return message(RenderSubmitBegun, { ...film, attempt, token: token as string });
  }

  submitTaken(): RenderSubmitted {
    const { taskId, revision, format, attempt, jobId } = this;
    return message(RenderSubmitted, { taskId, revision, format, attempt, jobId: jobId as string });
  }

  succeeded(url: string, posterUrl: string | undefined, durationSeconds: number): RenderSucceeded {
    const { taskId, revision, plan, format } = this;
    Object.assign(this, { url, posterUrl, durationSeconds });
    end(this, 'done');
    return message(RenderSucceeded, {
      taskId,
      revision,
      plan,
      format,
      url,
      durationSeconds,
      ...(posterUrl && { posterUrl }),
    });
  }

  failed(reason: Reason): RenderFailed {
    const { taskId, revision, format } = this;
    end(this, 'failed', reason);
    return message(RenderFailed, { taskId, revision, format, ...reason });
  }
}
schema.setClass(Video);
