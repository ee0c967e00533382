import type { Format, Lyric, Stage as StageName, StoredFile, Track } from '@castad/contracts';
import { defineEntity, p } from '@mikro-orm/core';

export interface StageError {
  code: string;
  reason: string;
  retryable: boolean;
}

export interface SongOutput {
  title: string;
  tracks: Track[];
  chosenTrackId: string;
}

export interface VideoOutput {
  format: Format;
  durationSeconds: number;
}

export type StageOutput = Lyric | SongOutput | VideoOutput;

export type StageStatus = 'pending' | 'running' | 'completed' | 'failed';

const schema = defineEntity({
  name: 'Stage',
  tableName: 'stage',
  properties: {
    taskId: p.string().length(36).primary(),
    name: p.string().$type<StageName>().primary(),
    /** The newest order that reached this stage; what is older is history. */
    revision: p.integer(),
    output: p.json<StageOutput>().nullable(),
    files: p.json<StoredFile[]>().nullable(),
    error: p.json<StageError>().nullable(),
    startedAt: p.datetime(3).nullable(),
    /** The time of the latest news: of the end, once there is one. */
    endedAt: p.datetime(3).nullable(),
  },
});

/** What one event says about one stage. */
export interface StageNews {
  revision: number;
  time: Date;
  output?: StageOutput;
  files?: StoredFile[];
  error?: StageError;
}

/**
 * How far a stage has come, folded from events in whatever order they arrive: a newer revision replaces what was
 * known, the same revision adds to it, an older one changes nothing.
 */
export class Stage extends schema.class {
  static of(taskId: string, name: StageName): Stage {
    return Object.assign(new Stage(), { taskId, name, revision: 0 });
  }

  begun(revision: number, time: Date): void {
    if (!this.accepts(revision)) return;
    if (!this.startedAt || time < this.startedAt) this.startedAt = time;
  }

  learned({ revision, time, output, files, error }: StageNews): void {
    if (!this.accepts(revision)) return;
    this.output ??= output;
    this.files ??= files;
    this.error ??= error;
    if (!this.endedAt || time > this.endedAt) this.endedAt = time;
  }

  isOver(): boolean {
    return ['completed', 'failed'].includes(this.status());
  }

  /** A lyric is done when it is written; a song or a film when its files are ours. */
  status(): StageStatus {
    if (this.output && (this.files || this.name === 'lyric')) return 'completed';
    if (this.error) return 'failed';
    return this.startedAt ? 'running' : 'pending';
  }

  private accepts(revision: number): boolean {
    if (revision < this.revision) return false;
    if (revision > this.revision) {
      Object.assign(this, { revision, output: null, files: null, error: null, startedAt: null, endedAt: null });
    }
    return true;
  }
}
schema.setClass(Stage);
