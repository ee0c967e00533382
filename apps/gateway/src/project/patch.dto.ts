import { formats, languages, type Format, type Language } from '@castad/contracts';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, IsOptional, Max, Min, Validate, ValidateIf, ValidateNested } from 'class-validator';
import { MetadataPatch } from '../input/metadata.ts';
import { Line, Prose } from '../input/text.ts';
import { EXTERNAL_ID, FitFormats, IsFormats } from './project.dto.ts';

/** May be left out, but not taken away. */
const IsGiven = () => ValidateIf((_, value) => value !== undefined);

export class MusicPatch {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200 })
  @IsOptional()
  @Line(200)
  style?: string | null;

  @ApiPropertyOptional({ minimum: 10, maximum: 60 })
  @IsGiven()
  @IsInt()
  @Min(10)
  @Max(60)
  durationSeconds?: number;
}

export class VideoPatch {
  @ApiPropertyOptional({ enum: formats, description: 'Without `formats`: the one format from now on.' })
  @IsGiven()
  @IsIn(formats)
  format?: Format;

  @ApiPropertyOptional({
    enum: formats,
    isArray: true,
    minItems: 1,
    maxItems: formats.length,
    uniqueItems: true,
    description: 'Every format from now on; the first is `format`, which may be left out.',
  })
  @IsGiven()
  @IsFormats()
  @Validate(FitFormats)
  formats?: Format[];

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 100 })
  @IsOptional()
  @Line(100)
  template?: string | null;
}

/** A JSON merge patch (RFC 7396): what is left out stays, null takes away. */
export class PatchProjectDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: 100 })
  @IsGiven()
  @Line(100)
  businessName?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100 })
  @IsGiven()
  @Line(100)
  region?: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 2000 })
  @IsOptional()
  @Prose(2000)
  description?: string | null;

  @ApiPropertyOptional({ enum: languages })
  @IsGiven()
  @IsIn(languages)
  language?: Language;

  @ApiPropertyOptional({ type: MusicPatch })
  @IsGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => MusicPatch)
  music?: MusicPatch;

  @ApiPropertyOptional({ type: VideoPatch })
  @IsGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => VideoPatch)
  video?: VideoPatch;

  @ApiPropertyOptional({ ...EXTERNAL_ID, type: String, nullable: true })
  @IsOptional()
  @Line(200)
  externalId?: string | null;

  @ApiPropertyOptional({
    type: 'object',
    nullable: true,
    additionalProperties: { type: 'string', nullable: true, maxLength: 500 },
    description: 'Keys that are left out stay; null takes a key away, or all of them.',
  })
  @IsOptional()
  @MetadataPatch()
  metadata?: Record<string, string | null> | null;
}
