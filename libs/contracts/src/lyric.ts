import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsString, Length, ValidateNested } from 'class-validator';
import { Failure } from './failure.ts';
import { Message } from './message.ts';
import { Plan } from './plan.ts';
import { topics } from './topics.ts';

export const sectionLabels = ['intro', 'verse', 'chorus', 'bridge', 'outro'] as const;
export type SectionLabel = (typeof sectionLabels)[number];

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

  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;
}

export class LyricGenerated extends Message {
  static readonly type = 'LyricGenerated.v1';
  static readonly topic = topics.lyricEvents.name;

  @ValidateNested()
  @Type(() => Plan)
  plan!: Plan;

  @ValidateNested()
  @Type(() => Lyric)
  lyric!: Lyric;
}

export class LyricFailed extends Failure {
  static readonly type = 'LyricFailed.v1';
  static readonly topic = topics.lyricEvents.name;
}
