import {
  Brief,
  formats,
  MAX_DRAFTS,
  MAX_IMAGES,
  languages,
  stages,
  type Format,
  type Language,
  type Stage as StageName,
  type VideoPlan,
} from '@castad/contracts';
import { IsId } from '@castad/platform';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  Max,
  Min,
  Validate,
  ValidateNested,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { EstimateView } from '../estimate/estimate.dto.ts';
import { OfProjectView } from '../input/ids.view.ts';
import { Metadata } from '../input/metadata.ts';
import { Line, Prose } from '../input/text.ts';

/** One format or several, each once. */
export const IsFormats = () =>
  applyDecorators(
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(formats.length),
    ArrayUnique(),
    IsIn(formats, { each: true }),
  );

/** What is wrong with formats beside what else is said of the video. */
function formatsFault(value: unknown, { format, template }: Partial<VideoDto>): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (format && value[0] !== format) return `formats must begin with format, which is ${format}`;
  if (value.length > 1 && template) return 'formats must be one where template is given: a template has one shape';
  return undefined;
}

@ValidatorConstraint()
export class FitFormats implements ValidatorConstraintInterface {
  validate(value: unknown, { object }: ValidationArguments): boolean {
    return !formatsFault(value, object);
  }

  defaultMessage({ value, object }: ValidationArguments): string {
    return formatsFault(value, object) ?? 'formats must fit format and template';
  }
}

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
  @ApiPropertyOptional({
    enum: formats,
    default: '9:16',
    description: 'The format of the film; of several, the first.',
  })
  @IsOptional()
  @IsIn(formats)
  format?: Format;

  @ApiPropertyOptional({
    enum: formats,
    isArray: true,
    minItems: 1,
    maxItems: formats.length,
    uniqueItems: true,
    description:
      'Films of several formats, made of one song. Each is rendered, and paid for, on its own. The first is `format`, which may be left out. Absent: that one alone.',
  })
  @IsOptional()
  @IsFormats()
  @Validate(FitFormats)
  formats?: Format[];

  @ApiPropertyOptional({
    maxLength: 100,
    description:
      'A template id of the video provider; it has one shape, so not together with several formats. Default: the one for the format. An order is refused (409) when no video can be made with it.',
  })
  @IsOptional()
  @Line(100)
  template?: string;
}

/** What is asked for, in full. */
export function videoPlanOf({ format, formats, template }: VideoDto): VideoPlan {
  const all = formats ?? [format ?? '9:16'];
  const [first = '9:16'] = all;
  return { format: first, ...(all.length > 1 && { formats: all }), ...(template && { template }) };
}

export class StopAfterDto {
  @ApiPropertyOptional({ enum: stages, description: 'End the order after this stage. Default: `video`.' })
  @IsOptional()
  @IsIn(stages)
  stopAfter?: StageName;
}

export class DraftsDto {
  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_DRAFTS,
    default: 1,
    description:
      'How many lyrics to write, in one call of the model, to choose from by `PUT .../lyric/choice`. More than one only where the order ends with the lyric (400).',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_DRAFTS)
  drafts?: number;
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

export class CreateProjectDto extends IntersectionType(StopAfterDto, DraftsDto, WithoutPhotosDto) implements Brief {
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

  @ApiPropertyOptional({ enum: formats, description: 'Of several films, the one that failed.' })
  format?: Format;
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
  @ApiPropertyOptional({ enum: formats, description: 'Of a film.' })
  format?: Format;

  @ApiProperty({ description: 'Whether it is made from something else than what counts now.' })
  stale!: boolean;
}

/** The newest attempt at a preview of one format, and which of them is shown. */
export class PreviewView extends AttemptView {
  @ApiPropertyOptional({ description: 'The revision whose preview is shown: the newest.' })
  result?: number;

  @ApiProperty({ description: 'Whether it is made from something else than what counts now.' })
  stale!: boolean;
}

/** The newest attempt at the film of one format, and what counts of it. */
export class FilmView extends AttemptView {
  @ApiProperty({ enum: formats })
  format!: Format;

  @ApiPropertyOptional({ description: 'The revision whose film counts: the newest, unless another was chosen.' })
  result?: number;

  @ApiProperty({ description: 'Whether that film is made from something else than what counts now.' })
  stale!: boolean;

  @ApiPropertyOptional({ type: PreviewView, description: 'Where one was ordered; no film.' })
  preview?: PreviewView;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'That film.' })
  output?: object;
}

/**
 * The newest attempt at a stage, and what counts of it. Of several films: `failed` where one failed, once none runs;
 * `result` and `output` are those of the first.
 */
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
      'That result: the lyric, with its `drafts` and the `draft` that counts where several were ordered; the song, with a `note` where its length is far from what was asked for; the video.',
  })
  output?: object;

  @ApiPropertyOptional({ type: [FilmView], description: 'Of the stage `video`: each format with its own film.' })
  formats?: FilmView[];

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

  @ApiPropertyOptional({
    type: EstimateView,
    description:
      'When the running order will have ended, as it was estimated when it reached its stage. Absent where too few ' +
      'videos can be compared, or while the stage waits for something.',
  })
  estimate?: EstimateView;

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
