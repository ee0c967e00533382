import { languages, type Language } from '@castad/contracts';
import { IsId } from '@castad/platform';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { Line, Prose } from '../input/text.ts';
import { ListQuery } from '../project/project.dto.ts';

export const legacyStatuses = ['processing', 'completed', 'failed'] as const;
export type LegacyStatus = (typeof legacyStatuses)[number];

const codes: Record<string, Language> = { korean: 'ko', english: 'en', japanese: 'ja', chinese: 'zh' };

/** Its name in English, as the former system had it, or its code. */
const LanguageName = () =>
  applyDecorators(
    ApiPropertyOptional({
      type: String,
      example: 'Korean',
      description: 'Korean, English, Japanese or Chinese; or ko, en, ja, zh.',
    }),
    IsOptional(),
    Transform(({ value }: { value: unknown }) => {
      const name = typeof value === 'string' ? value.trim().toLowerCase() : value;
      return codes[String(name)] ?? name;
    }),
    IsIn(languages, { message: 'language must be Korean, English, Japanese or Chinese' }),
  );

const ApiStatus = () => ApiProperty({ enum: legacyStatuses });
const ApiTaskId = () => ApiProperty({ format: 'uuid', description: 'The id of the project in /v1.' });
const ApiError = () => ApiProperty({ type: String, nullable: true, description: 'Why it failed.' });
const ApiFile = (description: string) => ApiProperty({ type: String, format: 'uri', nullable: true, description });

export class LegacyProjectDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: '바다민박' })
  @Line(100)
  store_name!: string;

  @ApiProperty({ minLength: 1, maxLength: 100, example: '강릉' })
  @Line(100)
  region!: string;

  @ApiPropertyOptional({ maxLength: 2000, description: 'What there is to say about the business.' })
  @IsOptional()
  @Prose(2000)
  detail_region_info?: string;

  @LanguageName()
  language?: Language;
}

export class LegacyLyricDto {
  @ApiTaskId()
  @IsId()
  task_id!: string;

  @LanguageName()
  language?: Language;
}

export class LegacyListQuery extends ListQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  override limit: number = 100;
}

export class LegacyTaskView {
  @ApiProperty({ example: true })
  success!: boolean;

  @ApiTaskId()
  task_id!: string;
}

export class LegacyImageView {
  @ApiProperty({ format: 'uuid' })
  image_id!: string;

  @ApiFile('A signed link to the photo.')
  img_url!: string | null;

  @ApiProperty({ minimum: 0, description: 'The place at which the film shows it.' })
  img_order!: number;
}

export class LegacyImagesView extends LegacyTaskView {
  @ApiProperty({ type: [LegacyImageView] })
  images!: LegacyImageView[];
}

export class LegacyRenderView {
  @ApiProperty({ example: true })
  success!: boolean;

  @ApiProperty({ description: 'For /video/status.' })
  render_id!: string;
}

export class LegacyLyricView {
  @ApiTaskId()
  task_id!: string;

  @ApiStatus()
  status!: LegacyStatus;

  @ApiProperty({ type: String, nullable: true, description: 'The words, with an empty line between sections.' })
  lyric_result!: string | null;

  @ApiError()
  error_message!: string | null;
}

export class LegacySongView {
  @ApiTaskId()
  task_id!: string;

  @ApiStatus()
  status!: LegacyStatus;

  @ApiFile('A signed link to the song.')
  song_result_url!: string | null;

  @ApiError()
  error_message!: string | null;
}

export class LegacyVideoStatusView {
  @ApiProperty()
  render_id!: string;

  @ApiTaskId()
  task_id!: string;

  @ApiStatus()
  status!: LegacyStatus;

  @ApiError()
  error_message!: string | null;
}

export class LegacyVideoView {
  @ApiTaskId()
  task_id!: string;

  @ApiStatus()
  status!: LegacyStatus;

  @ApiFile('A signed link to the film, which browsers play.')
  result_movie_url!: string | null;

  @ApiError()
  error_message!: string | null;
}

/** A finished song or film, with its project. */
class LegacyItemView {
  @ApiTaskId()
  task_id!: string;

  @ApiProperty()
  store_name!: string;

  @ApiProperty()
  region!: string;

  @ApiProperty({ enum: ['completed'] })
  status!: 'completed';

  @ApiProperty({ format: 'date-time' })
  created_at!: string;
}

export class LegacySongItemView extends LegacyItemView {
  @ApiFile('A signed link to the song.')
  song_result_url!: string | null;
}

export class LegacyVideoItemView extends LegacyItemView {
  @ApiFile('A signed link to the film.')
  result_movie_url!: string | null;
}

/** FastAPI's form of a refusal. */
export class LegacyErrorView {
  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object', additionalProperties: true } }],
    description: 'One sentence; or with 422 which fields are not valid (`loc`), and why (`msg`).',
  })
  detail!: string | object[];

  @ApiProperty({ example: 'LYRIC_MISSING', description: 'Stable and machine-readable. The former system had none.' })
  code!: string;
}
