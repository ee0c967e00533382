import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsNumber,
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
import { Lyric } from './lyric.ts';
import { Message, TOKEN } from './message.ts';
import { Plan } from './plan.ts';
import { topics } from './topics.ts';

/** One sung line; `start` and `end` are seconds from the beginning of the track. */
export class TimedLine {
  @IsString()
  @Length(1, 200)
  text!: string;

  @IsNumber()
  @Min(0)
  start!: number;

  @IsNumber()
  @Min(0)
  end!: number;
}

/** One sung version of the song. */
export class Track {
  @IsString()
  @Length(1, 100)
  trackId!: string;

  /** The provider's file; it expires, so it is copied at once. */
  @IsUrl({ require_tld: false })
  url!: string;

  @IsPositive()
  durationSeconds!: number;

  /** When the words are sung. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(500)
  @ValidateNested({ each: true })
  @Type(() => TimedLine)
  lines?: TimedLine[];
}

/** Order to song-service: sing these words. */
export class GenerateSong extends Message {
  static readonly type = 'GenerateSong.v1';
  static readonly topic = topics.songCommands.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @IsObject()
  @ValidateNested()
  @Type(() => Lyric)
  lyric!: Lyric;

  /** The order that did not come to its end; what was paid for it is taken over where the work is the same. */
  @IsOptional()
  @IsInt()
  @Min(1)
  retryOf?: number;
}

/** A song is about to be ordered from the provider: said before the call, so that no loss of a database hides it. */
export class SongSubmitBegun extends Message {
  static readonly type = 'SongSubmitBegun.v1';
  static readonly topic = topics.songEvents.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @IsObject()
  @ValidateNested()
  @Type(() => Lyric)
  lyric!: Lyric;

  @IsInt()
  @Min(1)
  attempt!: number;

  /** Of the callback; it wakes the job up and can do nothing else. */
  @Matches(TOKEN)
  token!: string;

  /** The provider's name for the work that nothing came of: it is ordered, and paid for, once more. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  replaces?: string;
}

/** The provider has taken the order of a song: it is paid for. */
export class SongSubmitted extends Message {
  static readonly type = 'SongSubmitted.v1';
  static readonly topic = topics.songEvents.name;

  @IsInt()
  @Min(1)
  attempt!: number;

  /** The provider's name for the work. */
  @IsString()
  @Length(1, 100)
  jobId!: string;
}

/** The song is sung; every version is there, and one is chosen for the film. */
export class SongReady extends Message {
  static readonly type = 'SongReady.v1';
  static readonly topic = topics.songEvents.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @IsString()
  @Length(1, 80)
  title!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => Track)
  tracks!: Track[];

  @IsString()
  @Length(1, 100)
  chosenTrackId!: string;
}

/** Somebody called back with the token of a song. */
export class SongCalledBack extends CalledBack {
  static readonly type = 'SongCalledBack.v1';
  static readonly topic = topics.songCallbacks.name;
}

export class SongFailed extends Failure {
  static readonly type = 'SongFailed.v1';
  static readonly topic = topics.songEvents.name;
}
