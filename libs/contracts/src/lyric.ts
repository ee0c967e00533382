import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Failure } from './failure.ts';
import { Message } from './message.ts';
import { Plan } from './plan.ts';
import { topics } from './topics.ts';

export const sectionLabels = ['intro', 'verse', 'chorus', 'bridge', 'outro'] as const;
export type SectionLabel = (typeof sectionLabels)[number];

/** No song of a minute holds more, and the smallest model of the composer takes no more, labels and line breaks included. */
export const MAX_LYRIC_LINES = 200;
export const MAX_LYRIC_LETTERS = 3_000;

/** As many lyrics as there are to choose from. */
export const MAX_DRAFTS = 3;

/** One part of the lyric, as it is sung. */
export class LyricSection {
  @IsIn(sectionLabels)
  label!: SectionLabel;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(40)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  lines!: string[];
}

/** How long the sections are for the composer: each under its label in brackets, with an empty line between them. */
export const lettersOf = (sections: LyricSection[]): number =>
  sections.map(({ label, lines }) => `[${label}]\n${lines.join('\n')}`).join('\n\n').length;

/** The words of a song. */
export class Lyric {
  @IsString()
  @Length(1, 80)
  title!: string;

  /** The musical style that suits these words. */
  @IsString()
  @Length(1, 200)
  style!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => LyricSection)
  sections!: LyricSection[];
}

/** Order to lyric-service: write the words. */
export class GenerateLyric extends Message {
  static readonly type = 'GenerateLyric.v1';
  static readonly topic = topics.lyricCommands.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  /** The client's own words, taken as they are: no model is asked. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => Lyric)
  lyric?: Lyric;

  /** How many lyrics are written for the client to choose from. Absent: one. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_DRAFTS)
  drafts?: number;
}

/** The words are written. */
export class LyricGenerated extends Message {
  static readonly type = 'LyricGenerated.v1';
  static readonly topic = topics.lyricEvents.name;

  @IsObject()
  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @IsObject()
  @ValidateNested()
  @Type(() => Lyric)
  lyric!: Lyric;

  /** All that there is to choose from, `lyric` first. Absent: that one alone was asked for. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_DRAFTS)
  @ValidateNested({ each: true })
  @Type(() => Lyric)
  drafts?: Lyric[];

  /** How many were asked for; fewer may have been of use. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_DRAFTS)
  draftsAsked?: number;
}

export class LyricFailed extends Failure {
  static readonly type = 'LyricFailed.v1';
  static readonly topic = topics.lyricEvents.name;
}
