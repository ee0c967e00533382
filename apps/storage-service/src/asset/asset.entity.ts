import {
  AssetFailed,
  type AssetKind,
  AssetStored,
  FILM,
  message,
  POSTER,
  type RenderSucceeded,
  type SongReady,
  type StoredFile,
  TRACKS,
} from '@castad/contracts';
import { type Cause, newTraceparent } from '@castad/messaging';
import { end, jobProperties, newJob, type Reason } from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';
import { randomUUID } from 'node:crypto';

/** One file to copy. The film goes on without an optional one. */
export interface Source {
  name: string;
  url: string;
  optional?: boolean;
}

const schema = defineEntity({
  name: 'Asset',
  tableName: 'asset',
  properties: {
    taskId: p.string().length(36).primary(),
    revision: p.integer().primary(),
    kind: p.string().length(10).$type<AssetKind>().primary(),
    ref: p.string().length(100).primary(),
    sources: p.json<Source[]>(),
    /** What is stored so far; of a finished job all there will be. */
    files: p.json<StoredFile[]>(),
    ...jobProperties,
  },
});

/** Uploads belong to the task, not to one of its orders. */
export const UPLOADED = 0;
export const PHOTO = 'photo';

/** The files of one song, film or photo. */
export class Asset extends schema.class {
  static ofSong({ taskId, revision, plan, tracks, chosenTrackId }: SongReady, cause: Cause): Asset {
    const needed = tracks.find(({ trackId }) => trackId === chosenTrackId) ?? tracks[0];
    const sources = tracks.map(track => ({ name: track.trackId, url: track.url, optional: track !== needed }));
    return toCopy({ taskId, revision, kind: 'song', ref: TRACKS, sources }, plan.deadline, cause);
  }

  static ofRender({ taskId, revision, plan, format, url, posterUrl }: RenderSucceeded, cause: Cause): Asset {
    const sources: Source[] = [{ name: FILM, url }];
    if (posterUrl) sources.push({ name: POSTER, url: posterUrl, optional: true });
    return toCopy({ taskId, revision, kind: 'video', ref: format, sources }, plan.deadline, cause);
  }

  static uploaded(taskId: string, imageId: string, file: Omit<StoredFile, 'name'>): Asset {
    const cause = { messageId: randomUUID(), traceparent: newTraceparent() };
    const asset = Object.assign(new Asset(), {
      taskId,
      revision: UPLOADED,
      kind: 'image' as const,
      ref: imageId,
      sources: [],
      files: [{ name: PHOTO, ...file }],
      ...newJob(new Date().toISOString(), cause),
    });
    end(asset, 'done');
    return asset;
  }

  /** An asset that is known by what became of it alone. */
  static told({ taskId, revision, kind, ref }: AssetStored | AssetFailed, cause: Cause): Asset {
    return toCopy({ taskId, revision, kind, ref, sources: [] }, new Date().toISOString(), cause);
  }

  missing(): Source[] {
    return this.sources.filter(({ name }) => !this.files.some(file => file.name === name));
  }

  stored(files: StoredFile[]): AssetStored {
    this.files = files;
    end(this, 'done');
    return this.announced();
  }

  announced(): AssetStored {
    const { taskId, revision, kind, ref, files } = this;
    return message(AssetStored, { taskId, revision, kind, ref, files });
  }

  failed(reason: Reason): AssetFailed {
    const { taskId, revision, kind, ref } = this;
    end(this, 'failed', reason);
    return message(AssetFailed, { taskId, revision, kind, ref, ...reason });
  }

  /** A copy failed that may be made again; the others stay. */
  troubled(code: string, reason: string, files: StoredFile[]): void {
    this.files = files;
    this.tries += 1;
    this.errorCode = code;
    this.errorReason = reason;
  }
}
schema.setClass(Asset);

const toCopy = (
  asset: Pick<Asset, 'taskId' | 'revision' | 'kind' | 'ref' | 'sources'>,
  deadline: string,
  cause: Cause,
): Asset => Object.assign(new Asset(), { ...asset, files: [], ...newJob(deadline, cause) });
