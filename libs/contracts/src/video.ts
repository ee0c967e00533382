import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  IsUrl,
  Length,
  Matches,
  Min,
  ValidateNested,
} from 'class-validator';
import { CalledBack } from './called-back.ts';
import { Failure } from './failure.ts';
import { Message, TOKEN } from './message.ts';
import { formats, Plan, type Format } from './plan.ts';
import { Track } from './song.ts';
import { topics } from './topics.ts';

/** Order to video-service: cut the film of the plan's `format` to this track. */
export class RenderVideo extends Message {
  static readonly type = 'RenderVideo.v1';
  static readonly topic = topics.videoCommands.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @IsString()
  @Length(1, 80)
  title!: string;

  /** The revision under which the song's files are kept. */
  @IsInt()
  @Min(1)
  songRevision!: number;

  @IsObject()
  @ValidateNested()
  @Type(() => Track)
  track!: Track;

  /** The order that did not come to its end; what was paid for it is taken over where the work is the same. */
  @IsOptional()
  @IsInt()
  @Min(1)
  retryOf?: number;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** A film is about to be ordered from the provider: said before the call, so that no loss of a database hides it. */
export class RenderSubmitBegun extends Message {
  static readonly type = 'RenderSubmitBegun.v1';
  static readonly topic = topics.videoEvents.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @IsIn(formats)
  format!: Format;

  @IsString()
  @Length(1, 80)
  title!: string;

  @IsInt()
  @Min(1)
  songRevision!: number;

  @IsObject()
  @ValidateNested()
  @Type(() => Track)
  track!: Track;

  @IsInt()
  @Min(1)
  attempt!: number;

  /** Of the callback; it wakes the job up and can do nothing else. */
  @Matches(TOKEN)
  token!: string;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** The provider has taken the order of a film: it is paid for. */
export class RenderSubmitted extends Message {
  static readonly type = 'RenderSubmitted.v1';
  static readonly topic = topics.videoEvents.name;

  @IsIn(formats)
  format!: Format;

  @IsInt()
  @Min(1)
  attempt!: number;

  /** The provider's name for the work. */
  @IsString()
  @Length(1, 100)
  jobId!: string;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** The film is cut; its files are not ours yet. */
export class RenderSucceeded extends Message {
  static readonly type = 'RenderSucceeded.v1';
  static readonly topic = topics.videoEvents.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @IsIn(formats)
  format!: Format;

  /** The provider's file; it expires, so it is copied at once. */
  @IsUrl({ require_tld: false })
  url!: string;

  @IsOptional()
  @IsUrl({ require_tld: false })
  posterUrl?: string;

  @IsPositive()
  durationSeconds!: number;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** Somebody called back with the token of a film. */
export class RenderCalledBack extends CalledBack {
  static readonly type = 'RenderCalledBack.v1';
  static readonly topic = topics.videoCallbacks.name;
}

export class RenderFailed extends Failure {
  static readonly type = 'RenderFailed.v1';
  static readonly topic = topics.videoEvents.name;

  /** Absent: the first of the order's. */
  @IsOptional()
  @IsIn(formats)
  format?: Format;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}
