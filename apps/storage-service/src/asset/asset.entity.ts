import {
  AssetFailed,
  type AssetKind,
  AssetStored,
  FILM,
  message,
  POSTER,
  PREVIEW,
  type RenderSucceeded,
  type SongReady,
  type StoredFile,
  TRACKS,
} from '@castad/contracts';
import { type Cause, newTraceparent } from '@castad/messaging';
import {
  end,
  errorDetailProperty,
  jobProperties,
  lastError,
  newJob,
  noteError,
  type JobError,
  type Reason,
} from '@castad/worker';
import { defineEntity, p } from '@mikro-orm/core';
import { randomUUID } from 'node:crypto';
import { type CopyFailure, isOpen, type Source, whyOf, type Words } from './source.ts';

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
    /** Null for what was not uploaded, or by an earlier version, which stored photos as they came. */
    photo: p.json<PhotoFacts>().nullable(),
    ...jobProperties,
    ...errorDetailProperty,
  },
});

/** Uploads belong to the task, not to one of its orders. */
export const UPLOADED = 0;
export const PHOTO = 'photo';

/** What is known of an uploaded photo besides its file. */
export interface PhotoFacts {
  /** The hash of what was sent. */
  original: string;
  /** Of the blob. */
  etag: string;
  width: number;
  height: number;
}

/** The files of one song, film or photo. */
export class Asset extends schema.class {
  static ofSong({ taskId, revision, plan, tracks, chosenTrackId }: SongReady, cause: Cause): Asset {
    const needed = tracks.find(({ trackId }) => trackId === chosenTrackId) ?? tracks[0];
    const sources = tracks.map(track => ({ name: track.trackId, url: track.url, optional: track !== needed }));
    return toCopy({ taskId, revision, kind: 'song', ref: TRACKS, sources }, plan.deadline, cause);
  }

  static ofRender(event: RenderSucceeded, cause: Cause): Asset {
    const { taskId, revision, plan, format, url, posterUrl, preview } = event;
    const sources: Source[] = [{ name: preview ? PREVIEW : FILM, url }];
    if (posterUrl && !preview) sources.push({ name: POSTER, url: posterUrl, optional: true });
    return toCopy({ taskId, revision, kind: 'video', ref: format, sources }, plan.deadline, cause);
  }

  static uploaded(taskId: string, imageId: string, file: Omit<StoredFile, 'name'>, photo: PhotoFacts): Asset {
    const cause = { messageId: randomUUID(), traceparent: newTraceparent() };
    const asset = Object.assign(new Asset(), {
      taskId,
      revision: UPLOADED,
      kind: 'image' as const,
      ref: imageId,
      sources: [],
      files: [{ name: PHOTO, ...file }],
      photo,
      ...newJob(new Date().toISOString(), cause),
    });
    end(asset, 'done');
    return asset;
  }

  /** An asset that is known by what became of it alone. */
  static told(event: AssetStored | AssetFailed, cause: Cause): Asset {
    const { taskId, revision, kind, ref } = event;
    const missing = event instanceof AssetStored ? (event.missing ?? []) : [];
    const sources = missing.map(({ name, ...why }) => ({ name, url: '', failure: { ...why, isFinal: true } }));
    return toCopy({ taskId, revision, kind, ref, sources }, new Date().toISOString(), cause);
  }

  get isPreview(): boolean {
    return [...this.sources, ...this.files].some(({ name }) => name === PREVIEW);
  }

  missing(): Source[] {
    return this.sources.filter(({ name }) => !this.files.some(file => file.name === name));
  }

  /** What is to be copied yet. Of a film nothing, once the film itself cannot be had. */
  open(now: Date, patienceMs: number): Source[] {
    const missing = this.missing();
    const isLost = this.kind === 'video' && missing.some(({ optional, failure }) => !optional && failure?.isFinal);
    return isLost ? [] : missing.filter(source => isOpen(source, now, patienceMs));
  }

  /** Why it, or one file of it, will never be there. */
  lost(name?: string): Words | undefined {
    if (this.status === 'failed' || this.status === 'expired') return lastError(this) ?? whyOf();
    const source = this.status === 'done' ? this.missing().find(missing => missing.name === name) : undefined;
    return source && whyOf(source.failure);
  }

  copied(file: StoredFile): void {
    this.files = [...this.files, file];
  }

  notCopied(name: string, failure: CopyFailure): void {
    this.sources = this.sources.map(source => {
      const since = source.failure?.since ?? failure.since;
      return source.name === name ? { ...source, failure: { ...failure, ...(since && { since }) } } : source;
    });
  }

  /** Takes over what came of copying, and that there is more to do. */
  troubled({ files, sources }: Asset, error: JobError): void {
    this.files = files;
    this.sources = sources;
    this.tries += 1;
    noteError(this, error);
  }

  /** Takes over what came of copying, and that there is no more to do: any track makes a song, but no poster a film. */
  settled({ files, sources }: Asset): AssetStored | AssetFailed {
    this.sources = sources;
    const needed = this.sources.find(({ name, optional }) => !optional && !files.some(file => file.name === name));
    if (!needed || (this.kind === 'song' && files.length > 0)) return this.stored(files);
    return this.failed((!needed.failure && lastError(this)) || { ...whyOf(needed.failure), retryable: true });
  }

  stored(files: StoredFile[]): AssetStored {
    this.files = files;
    end(this, 'done');
    return this.announced();
  }

  announced(): AssetStored {
    const { files } = this;
    const missing = this.missing().map(({ name, failure }) => ({ name, ...whyOf(failure) }));
    return message(AssetStored, { ...this.name(), files, ...(missing.length > 0 && { missing }) });
  }

  failed(reason: Reason): AssetFailed {
    end(this, 'failed', reason);
    return message(AssetFailed, { ...this.name(), ...reason });
  }

  /** Which asset a message is about. */
  private name() {
    const { taskId, revision, kind, ref, isPreview } = this;
    return { taskId, revision, kind, ref, ...(isPreview && { preview: true }) };
  }
}
schema.setClass(Asset);

const toCopy = (
  asset: Pick<Asset, 'taskId' | 'revision' | 'kind' | 'ref' | 'sources'>,
  deadline: string,
  cause: Cause,
): Asset => Object.assign(new Asset(), { ...asset, files: [], ...newJob(deadline, cause) });
