import {
  Brief,
  formats,
  MAX_IMAGES,
  languages,
  stages,
  type Format,
  type Language,
  type Stage as StageName,
} from '@castad/contracts';
import { IsId } from '@castad/platform';
import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { OfProjectView } from '../input/ids.view.ts';
import { Metadata } from '../input/metadata.ts';
import { Line, Prose } from '../input/text.ts';

export class MusicDto {
  @ApiPropertyOptional({
    maxLength: 200,
    example: 'bright acoustic pop, warm female voice',
    description: "Genre, mood, instruments. A lyric of the client's own has its own style.",
  })
  @IsOptional()
  @Line(200)
  style?: string;

  @ApiPropertyOptional({
    minimum: 10,
    maximum: 60,
    default: 30,
    description:
      'Length of song and video in seconds. A video is as long as its song, but exceeds this by at most 20 % or 5 s, whichever is more: of a longer song it shows the beginning, up to the end of a line near this length, and fades out.',
  })
  @IsInt()
  @Min(10)
  @Max(60)
  durationSeconds: number = 30;
}

export class VideoDto {
  @ApiPropertyOptional({ enum: formats, default: '9:16' })
  @IsIn(formats)
  format: Format = '9:16';

  @ApiPropertyOptional({
    maxLength: 100,
    description:
      'A template id of the video provider. Default: the one for the format. An order is refused (409) when no video can be made with it.',
  })
  @IsOptional()
  @Line(100)
  template?: string;
}

export class StopAfterDto {
  @ApiPropertyOptional({ enum: stages, description: 'End the order after this stage. Default: `video`.' })
  @IsOptional()
  @IsIn(stages)
  stopAfter?: StageName;
}

export class WithoutPhotosDto {
  @ApiPropertyOptional({ description: 'Order a video that shows no image. Otherwise it needs at least one (409).' })
  @IsOptional()
  @IsBoolean()
  withoutPhotos?: boolean;
}

export const EXTERNAL_ID = {
  maxLength: 200,
  example: 'order-4711',
  description: 'Your own id for it, to find it by. Several projects may have the same.',
};

const METADATA = {
  type: 'object',
  additionalProperties: { type: 'string', maxLength: 500 },
  maxProperties: 20,
  example: { campaign: 'summer' },
} as const;

export class CreateProjectDto extends IntersectionType(StopAfterDto, WithoutPhotosDto) implements Brief {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'Sea Breeze Stay' })
  @Line(100)
  businessName!: string;

  @ApiProperty({ minLength: 1, maxLength: 100, example: 'Gangneung' })
  @Line(100)
  region!: string;

  @ApiPropertyOptional({ maxLength: 2000 })
  @IsOptional()
  @Prose(2000)
  description?: string;

  @ApiPropertyOptional({ enum: languages, default: 'ko' })
  @IsIn(languages)
  language: Language = 'ko';

  @ApiPropertyOptional({ type: MusicDto })
  @IsObject()
  @ValidateNested()
  @Type(() => MusicDto)
  music: MusicDto = new MusicDto();

  @ApiPropertyOptional({ type: VideoDto })
  @IsObject()
  @ValidateNested()
  @Type(() => VideoDto)
  video: VideoDto = new VideoDto();

  @ApiPropertyOptional(EXTERNAL_ID)
  @IsOptional()
  @Line(200)
  externalId?: string;

  @ApiPropertyOptional({ ...METADATA, description: 'Your own texts; at most 20 keys of 40 characters.' })
  @IsOptional()
  @Metadata()
  metadata?: Record<string, string>;

  @ApiPropertyOptional({
    default: false,
    description: 'Order at once; a video then with `withoutPhotos`, as there is no image yet.',
  })
  @IsBoolean()
  run: boolean = false;
}

export const projectStatuses = ['draft', 'processing', 'waiting', 'completed', 'failed', 'cancelled'] as const;
export type ProjectStatus = (typeof projectStatuses)[number];

export class ListQuery {
  @ApiPropertyOptional({ format: 'uuid', description: 'Where the page before ended.' })
  @IsOptional()
  @IsId()
  cursor?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 20 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;
}

export class ReasonView {
  @ApiProperty({ example: 'SUNO_SENSITIVE_WORDS', description: 'Stable and machine-readable.' })
  code!: string;

  @ApiProperty()
  reason!: string;

  @ApiPropertyOptional({ description: "The provider's own code and words, where it gave any." })
  detail?: string;
}

/** What holds a stage up; it goes on by itself when that is over, until its deadline. */
export class WaitingView extends ReasonView {
  @ApiProperty({ format: 'date-time' })
  since!: string;
}

export class ErrorView extends ReasonView {
  @ApiProperty({ description: 'Whether the same order can succeed later.' })
  retryable!: boolean;
}

export class AttemptView {
  @ApiProperty({ enum: ['pending', 'running', 'completed', 'failed', 'cancelled'] })
  status!: string;

  @ApiProperty({ description: 'The order it belongs to; 0 for none.' })
  revision!: number;

  @ApiPropertyOptional({ description: 'Whether a provider is known to have accepted, and charged for, this work.' })
  paid?: boolean;

  @ApiPropertyOptional({ format: 'date-time' })
  startedAt?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  endedAt?: string;

  @ApiPropertyOptional({ type: WaitingView, description: 'What it waits for.' })
  waiting?: WaitingView;

  @ApiPropertyOptional({ type: ErrorView })
  error?: ErrorView;
}

export class PastAttemptView extends AttemptView {
  @ApiProperty({ description: 'Whether it is made from something else than what counts now.' })
  stale!: boolean;
}

/** The newest attempt at a stage, and what counts of it. */
export class StageView extends AttemptView {
  @ApiProperty({ enum: stages })
  stage!: StageName;

  @ApiPropertyOptional({ description: 'The revision whose result counts: the newest, unless another was chosen.' })
  result?: number;

  @ApiProperty({ description: 'Whether that result is made from something else than what counts now.' })
  stale!: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description:
      'That result: the lyric; the song, with a `note` where its length is far from what was asked for; the video.',
  })
  output?: object;

  @ApiPropertyOptional({ type: [PastAttemptView], description: 'Every attempt, newest first.' })
  attempts?: PastAttemptView[];
}

export class ImageView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid', deprecated: true, description: 'The same; use `id`.' })
  assetId!: string;

  @ApiProperty({ example: 'image/jpeg' })
  contentType!: string;

  @ApiProperty({ description: 'Bytes.' })
  size!: number;
}

export class ImagesView {
  @ApiProperty({ type: [ImageView], description: 'In the order they appear.' })
  images!: ImageView[];

  @ApiPropertyOptional({
    description: 'The running order, accepted before this change: its video shows the images as they were.',
  })
  tooLateFor?: number;
}

export class ImageOrderDto {
  @ApiProperty({ type: [String], format: 'uuid', description: 'Every image of the project, once.' })
  @IsArray()
  @ArrayMaxSize(MAX_IMAGES)
  @IsId({ each: true })
  imageIds!: string[];
}

export class ProjectSummaryView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid', deprecated: true, description: 'The same; use `id`.' })
  taskId!: string;

  @ApiProperty({ enum: projectStatuses })
  status!: ProjectStatus;

  @ApiProperty({
    description: 'Raised by every order, every choice and every change of the brief; 0 before the first order.',
  })
  revision!: number;

  @ApiProperty()
  businessName!: string;

  @ApiProperty()
  region!: string;

  @ApiProperty({ enum: languages })
  language!: Language;

  @ApiPropertyOptional(EXTERNAL_ID)
  externalId?: string;

  @ApiProperty({ ...METADATA, description: 'Your own texts.' })
  metadata!: Record<string, string>;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiPropertyOptional({ type: ErrorView, description: 'Why the latest order failed.' })
  error?: ErrorView;

  @ApiProperty({ type: [StageView] })
  stages!: StageView[];
}

export class ProjectView extends ProjectSummaryView {
  @ApiPropertyOptional()
  description?: string;

  @ApiProperty({ type: MusicDto })
  music!: MusicDto;

  @ApiProperty({ type: VideoDto })
  video!: VideoDto;

  @ApiProperty({ type: [ImageView] })
  images!: ImageView[];
}

export class PageView {
  @ApiProperty({ description: 'Whether there is a next page.' })
  hasMore!: boolean;

  @ApiPropertyOptional({ description: 'For the next page; absent on the last one.' })
  nextCursor?: string;
}

export class ProjectPage extends PageView {
  @ApiProperty({ type: [ProjectSummaryView] })
  projects!: ProjectSummaryView[];
}

export class VideoView extends OfProjectView {
  @ApiProperty()
  businessName!: string;

  @ApiProperty()
  region!: string;

  @ApiProperty({ enum: formats })
  format!: Format;

  @ApiProperty({ description: 'Length in seconds.' })
  durationSeconds!: number;

  @ApiProperty({ description: 'Bytes.' })
  size!: number;

  @ApiProperty({ format: 'date-time' })
  completedAt!: string;

  @ApiProperty({ description: 'Leads to the file by a link that is signed when it is asked for.' })
  href!: string;

  @ApiProperty()
  posterHref!: string;
}

export class VideoPage extends PageView {
  @ApiProperty({ type: [VideoView] })
  videos!: VideoView[];
}
