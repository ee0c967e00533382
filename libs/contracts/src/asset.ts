import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Min,
  ValidateNested,
} from 'class-validator';
import { Failure } from './failure.ts';
import { Message } from './message.ts';
import { IsCode, IsDetail, IsReason } from './reason.ts';
import { topics } from './topics.ts';

/** `image`: one uploaded photo. `song`: all tracks of a song. `video`: a film and its poster. */
export const assetKinds = ['image', 'song', 'video'] as const;
export type AssetKind = (typeof assetKinds)[number];

/** The `ref` of a song's asset, whose files are all its tracks. (An image's is its id, a video's its format.) */
export const TRACKS = 'tracks';

/** The file names of a video's asset: film and poster, or a preview alone. */
export const FILM = 'film';
export const POSTER = 'poster';
export const PREVIEW = 'preview';

/** One file in our storage; a link to it is signed when somebody needs it. */
export class StoredFile {
  /** What it is within its asset: a track's id, `film`, `poster`, `preview` or `photo`. */
  @IsString()
  @Length(1, 100)
  name!: string;

  /** Its path in the container. */
  @IsString()
  @Length(1, 500)
  path!: string;

  @IsString()
  @Length(1, 100)
  contentType!: string;

  /** Bytes. */
  @IsInt()
  @Min(1)
  size!: number;

  @Matches(/^[0-9a-f]{64}$/)
  sha256!: string;
}

/** One file of an asset that we do without: the provider did not hand it out, or not as it should be. */
export class MissingFile {
  /** What it is within its asset. */
  @IsString()
  @Length(1, 100)
  name!: string;

  /** Stable and machine-readable, `UPPER_SNAKE`. */
  @IsCode()
  code!: string;

  /** One sentence for a person. */
  @IsReason()
  reason!: string;

  /** What its host said, bounded. */
  @IsDetail()
  detail?: string;
}

/** The files of one asset are in our storage, whole and checked: all of them, or those that could be had. */
export class AssetStored extends Message {
  static readonly type = 'AssetStored.v1';
  static readonly topic = topics.storageEvents.name;

  @IsIn(assetKinds)
  kind!: AssetKind;

  @IsString()
  @Length(1, 100)
  ref!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => StoredFile)
  files!: StoredFile[];

  /** The files that could not be stored, and never will be. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => MissingFile)
  missing?: MissingFile[];

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

/** The files of one asset could not be brought into our storage. */
export class AssetFailed extends Failure {
  static readonly type = 'AssetFailed.v1';
  static readonly topic = topics.storageEvents.name;

  @IsIn(assetKinds)
  kind!: AssetKind;

  @IsString()
  @Length(1, 100)
  ref!: string;

  /** It is but a preview of the film, small and cheap. */
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}
