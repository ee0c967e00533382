import {
  type Format,
  type Lyric,
  type Stage as StageName,
  stages,
  type StoredFile,
  type Track,
} from '@castad/contracts';
import { defineEntity, p } from '@mikro-orm/core';

export interface StageError {
  code: string;
  reason: string;
  retryable: boolean;
  /** The provider's own code and words. */
  detail?: string;
  /** It is the gateway's word on the order, not the service's on its work. */
  decided?: boolean;
}

/** The latest word on what a stage waits for, as of `since` (ISO 8601); without a code it has gone on. */
export interface Waiting {
  since: string;
  code?: string;
  reason?: string;
  detail?: string;
}

export const CANCELLED: StageError = { code: 'CANCELLED', reason: 'The order was cancelled.', retryable: true };

export interface SongOutput {
  title: string;
  tracks: Track[];
  chosenTrackId: string;
  /** What was ordered; songs of earlier versions do not say. */
  askedSeconds?: number;
}

export interface VideoOutput {
  format: Format;
  durationSeconds: number;
}

/** The lyric, or the first of the drafts that there are to choose from. */
export interface LyricOutput extends Lyric {
  drafts?: Lyric[];
  draftsAsked?: number;
}

export type StageOutput = LyricOutput | SongOutput | VideoOutput;

export type StageStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled';

/** The result of the stage before that this one is made from. */
export interface StageInput {
  /** 0: of a lyric, which has no stage before it. */
  revision: number;
  /** Of a lyric: the client's own words, whatever the brief says. */
  isOwn?: boolean;
  /** Of a song: which draft of the lyric, where it is not the first. */
  draft?: number;
  trackId?: string;
  /** The photos of a film, in their order. */
  imageIds?: string[];
}

/** What an order goes through: the stages, or a preview of the last one, which is an attempt apart from the films. */
export const steps = [...stages, 'preview'] as const;
export type Step = (typeof steps)[number];

export const stageOf = (step: Step): StageName => (step === 'preview' ? 'video' : step);

/** What is long in a stage. */
const long = ['input', 'output', 'files'] as const;

const schema = defineEntity({
  name: 'Stage',
  tableName: 'stage_attempt',
  properties: {
    taskId: p.string().length(36).primary(),
    name: p.string().$type<Step>().primary(),
    /** Of the order that reached this stage. */
    revision: p.integer().primary(),
    /** Of a film, where its order's plan names formats; otherwise empty. */
    format: p.string().length(5).$type<Format | ''>().primary(),
    input: p.json<StageInput>().nullable(),
    output: p.json<StageOutput>().nullable(),
    files: p.json<StoredFile[]>().nullable(),
    /** Names of the three above that are there, for who does not load them. */
    there: p
      .string()
      .formula(row => `concat_ws(' ', ${long.map(name => `if(${row[name]} is null, null, '${name}')`).join(', ')})`)
      .lazy()
      .nullable(),
    error: p.json<StageError>().nullable(),
    waiting: p.json<Waiting>().nullable(),
    /** Whether a provider took the order of this stage's work. */
    paid: p.boolean(),
    startedAt: p.datetime(3).nullable(),
    /** The time of the latest news: of the end, once there is one. */
    endedAt: p.datetime(3).nullable(),
  },
});

/** What one event says about one stage. */
export interface StageNews {
  time: Date;
  output?: StageOutput;
  files?: StoredFile[];
  error?: StageError;
}

/** What one order made of one stage, folded from events in whatever order they arrive, and however often. */
export class Stage extends schema.class {
  static of(taskId: string, name: Step, revision: number, format: Format | '' = ''): Stage {
    return Object.assign(new Stage(), { taskId, name, revision, format, paid: false });
  }

  begun(time: Date, input?: StageInput): void {
    if (!this.has('input')) this.input = input;
    if (!this.startedAt || time < this.startedAt) this.startedAt = time;
  }

  learned({ time, output, files, error }: StageNews): void {
    if (!this.has('output')) this.output = output;
    if (!this.has('files')) this.files = files;
    // What the service says of itself is worth more than what its order was ended with.
    if (error && (!this.error || this.error.decided)) this.error = error;
    if (!this.endedAt || time > this.endedAt) this.endedAt = time;
  }

  /** Something holds the stage up; or, without a reason, it goes on. The latest word counts. */
  waits(since: Date, reason: Omit<Waiting, 'since'> = {}): void {
    if (this.waiting && new Date(this.waiting.since) >= since) return;
    this.waiting = { since: since.toISOString(), ...reason };
  }

  /** What the stage waits for now. */
  waitsFor(): Waiting | undefined {
    return this.waiting?.code && !this.isOver() ? this.waiting : undefined;
  }

  /** The order ended, and the gateway said why. */
  ended(time: Date, error: StageError): void {
    this.learned({ time, error: this.error ?? { ...error, decided: true } });
  }

  isOver(): boolean {
    return ['completed', 'failed', 'cancelled'].includes(this.status());
  }

  /** Of a song: the tracks whose files are ours; all of them while that is not known. */
  storedTracks(): Track[] {
    const { tracks } = this.output as SongOutput;
    const names = this.files?.map(({ name }) => name);
    return names ? tracks.filter(({ trackId }) => names.includes(trackId)) : tracks;
  }

  /** A lyric is done when it is written; a song or a film when its files are ours. */
  status(): StageStatus {
    if (this.has('output') && (this.has('files') || this.name === 'lyric')) return 'completed';
    if (this.error) return this.error.code === CANCELLED.code ? 'cancelled' : 'failed';
    return this.startedAt ? 'running' : 'pending';
  }

  private has(name: (typeof long)[number]): boolean {
    return !!this[name] || !!this.there?.split(' ').includes(name);
  }
}
schema.setClass(Stage);
