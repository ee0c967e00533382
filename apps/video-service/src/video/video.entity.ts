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
    /** Small and cheap, to be looked at before the film is paid for. */
    preview: p.boolean(),
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

type Input = Pick<
  RenderVideo,
  'taskId' | 'revision' | 'plan' | 'title' | 'songRevision' | 'track' | 'retryOf' | 'preview'
>;

/** One film of one order, in one format; its plan names no other. */
export class Video extends schema.class {
  static ordered({ taskId, revision, plan, title, songRevision, track, retryOf, preview }: Input, cause: Cause): Video {
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
      preview: !!preview,
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
  static cut({ taskId, revision, plan, url, durationSeconds, preview }: RenderSucceeded, cause: Cause): Video {
    const title = shortened(plan.brief.businessName, 80);
    const track = { trackId: 'unknown', url, durationSeconds };
    return Video.ordered({ taskId, revision, plan, title, songRevision: revision, track, preview }, cause);
  }

  /** The tracks the film may be made of, the chosen one first. */
  candidates(): Track[] {
    return [this.track, ...(this.otherTracks ?? [])];
  }

  /** The part of the song that the film shows. */
  cut(): Cut {
    return cutOf(this.track, this.plan.music.durationSeconds);
  }

  /** Whether a film of the other order shows the same to the same song, in the same size. */
  isSameWorkAs(other: Video): boolean {
    const shown = (film: Plan) => [film.brief, film.video, film.imageIds, film.music.durationSeconds];
    const work = ({ plan, track, format, preview }: Video) => [shown(plan), track.trackId, format, preview];
    return isDeepStrictEqual(work(other), work(this));
  }

  submitBegun(): RenderSubmitBegun {
    const { plan, title, songRevision, track, attempt, token } = this;
    const film = { ...this.name(), plan, title, songRevision, track };
    return message(RenderSubmitBegun, { ...film, attempt, token: token as string });
  }

  submitTaken(): RenderSubmitted {
    const { attempt, jobId } = this;
    return message(RenderSubmitted, { ...this.name(), attempt, jobId: jobId as string });
  }

  succeeded(url: string, posterUrl: string | undefined, durationSeconds: number): RenderSucceeded {
    const { plan } = this;
    Object.assign(this, { url, posterUrl, durationSeconds });
    end(this, 'done');
    return message(RenderSucceeded, {
      ...this.name(),
      plan,
      url,
      durationSeconds,
      ...(posterUrl && { posterUrl }),
    });
  }

  failed(reason: Reason): RenderFailed {
    end(this, 'failed', reason);
    return message(RenderFailed, { ...this.name(), ...reason });
  }

  /** Which film a message is about. */
  private name() {
    const { taskId, revision, format, preview } = this;
    return { taskId, revision, format, ...(preview && { preview }) };
  }
}
schema.setClass(Video);
