import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

export const languages = ['ko', 'en', 'ja', 'zh'] as const;
export type Language = (typeof languages)[number];

export const formats = ['9:16', '16:9', '1:1'] as const;
export type Format = (typeof formats)[number];

/** The stages of a film, in order. */
export const stages = ['lyric', 'song', 'video'] as const;
export type Stage = (typeof stages)[number];

export const MAX_IMAGES = 50;

/** What the film is about. */
export class Brief {
  @IsString()
  @Length(1, 100)
  businessName!: string;

  @IsString()
  @Length(1, 100)
  region!: string;

  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string;
}

/** How the song is to sound. */
export class MusicPlan {
  /** Genre, mood and instruments in free words. Absent: the lyric's own suggestion. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  style?: string;

  @IsInt()
  @Min(10)
  @Max(60)
  durationSeconds!: number;
}

/** By how many seconds a song or a film may miss the length that was asked for. */
export const lengthMargin = (askedSeconds: number): number => Math.max(5, askedSeconds * 0.2);

/** How the films are to look. */
export class VideoPlan {
  @IsIn(formats)
  format!: Format;

  /** Every format that is made, the one above first. Absent: that one alone. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(3)
  @ArrayUnique()
  @IsIn(formats, { each: true })
  formats?: Format[];

  /** The provider's template id. Absent: the one configured for the format. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  template?: string;
}

/** What was ordered. It rides along in every message of the chain, so that each stage has its whole input. */
export class Plan {
  @IsObject()
  @ValidateNested()
  @Type(() => Brief)
  brief!: Brief;

  @IsIn(languages)
  language!: Language;

  @IsObject()
  @ValidateNested()
  @Type(() => MusicPlan)
  music!: MusicPlan;

  @IsObject()
  @ValidateNested()
  @Type(() => VideoPlan)
  video!: VideoPlan;

  /** Uploaded photos in the order they appear. */
  @IsArray()
  @ArrayMaxSize(MAX_IMAGES)
  @IsUUID(undefined, { each: true })
  imageIds!: string[];

  /** The stage after which the chain waits for the client. Absent: it runs to the film. */
  @IsOptional()
  @IsIn(stages)
  stopAfter?: Stage;

  /** UTC, ISO 8601. After it no provider is called for this order, whoever reads the message. */
  @IsISO8601()
  deadline!: string;
}

/** Every format that is made. */
export const formatsOf = ({ format, formats }: VideoPlan): Format[] => formats ?? [format];

/** The plan of one of the films. */
export const planOfFilm = ({ video: { formats: _, ...video }, ...plan }: Plan, format: Format): Plan => ({
  ...plan,
  video: { ...video, format },
});
