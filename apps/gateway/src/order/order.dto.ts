import {
  formats,
  lettersOf,
  MAX_DRAFTS,
  MAX_LYRIC_LETTERS,
  MAX_LYRIC_LINES,
  sectionLabels,
  stages,
  sungText,
  type Format,
  type SectionLabel,
  type Stage as StageName,
} from '@castad/contracts';
import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  Max,
  Min,
  Validate,
  ValidateNested,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { OfProjectView } from '../input/ids.view.ts';
import { Line, SungLines } from '../input/text.ts';
import { DraftsDto, IsFormats, StopAfterDto, WithoutPhotosDto } from '../project/project.dto.ts';

export const MAX_REVISION = 2 ** 31 - 1;

export class SeenDto {
  @ApiPropertyOptional({
    minimum: 0,
    description: 'The revision of the project that was looked at. If it has changed since, nothing is ordered (409).',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_REVISION)
  revision?: number;
}

export class StageDto extends SeenDto {
  @ApiPropertyOptional({
    description:
      'Make another one of what is there already. Without it, `revision` or `If-Match`, that is refused (409): a request that came twice would pay twice.',
  })
  @IsOptional()
  @IsBoolean()
  again?: boolean;
}

export class RunDto extends IntersectionType(StopAfterDto, DraftsDto, SeenDto, WithoutPhotosDto) {}

export class LyricOrderDto extends IntersectionType(StageDto, DraftsDto) {}

export class FilmDto extends IntersectionType(StageDto, WithoutPhotosDto) {
  @ApiPropertyOptional({
    enum: formats,
    isArray: true,
    minItems: 1,
    maxItems: formats.length,
    uniqueItems: true,
    description: 'The formats to make; one that the project does not have yet joins it. Default: all of the project.',
  })
  @IsOptional()
  @IsFormats()
  formats?: Format[];

  @ApiPropertyOptional({
    description:
      'Make previews instead: the same at a quarter of the width and height, for a fraction of the price. A preview is no video: it is in no list, cannot be chosen, and a video after it is made and paid for as usual.',
  })
  @IsOptional()
  @IsBoolean()
  preview?: boolean;
}

export class SectionDto {
  @ApiProperty({ enum: sectionLabels })
  @IsIn(sectionLabels)
  label!: SectionLabel;

  @ApiProperty({
    type: [String],
    minItems: 1,
    maxItems: 40,
    description:
      'As they are sung; 1 to 200 characters each, without square brackets. Labels of sections among them are not sung.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(40)
  @SungLines(200)
  lines!: string[];
}

/** Of whatever came; what is no section is refused elsewhere. */
const sectionsIn = (value: unknown): SectionDto[] =>
  Array.isArray(value) ? (value as unknown[]).filter(isSection) : [];

function sizeOf(sections: unknown): { lines: number; letters: number } {
  const known = sectionsIn(sections);
  return { lines: known.reduce((sum, { lines }) => sum + lines.length, 0), letters: lettersOf(known) };
}

const isSection = (value: unknown): value is SectionDto => {
  const { label, lines } = (value ?? {}) as Partial<SectionDto>;
  return typeof label === 'string' && Array.isArray(lines) && lines.every(line => typeof line === 'string');
};

@ValidatorConstraint()
class FitsIntoASong implements ValidatorConstraintInterface {
  validate(sections: unknown): boolean {
    const { lines, letters } = sizeOf(sections);
    return lines <= MAX_LYRIC_LINES && letters <= MAX_LYRIC_LETTERS;
  }

  defaultMessage({ value }: ValidationArguments): string {
    const { lines, letters } = sizeOf(value);
    return (
      `sections must hold at most ${MAX_LYRIC_LINES} lines and ${MAX_LYRIC_LETTERS} characters in all, ` +
      `with labels and line breaks, and has ${lines} and ${letters}`
    );
  }
}

@ValidatorConstraint()
class HoldsWords implements ValidatorConstraintInterface {
  validate(sections: unknown): boolean {
    const lines = sectionsIn(sections).flatMap(section => section.lines);
    return lines.length === 0 || lines.some(line => sungText(line) !== '');
  }

  defaultMessage(): string {
    return 'sections must hold words to sing, not labels alone';
  }
}

export class LyricDto extends IntersectionType(StopAfterDto, StageDto, WithoutPhotosDto) {
  @ApiPropertyOptional({ minLength: 1, maxLength: 80, description: "Default: the present lyric's." })
  @IsOptional()
  @Line(80)
  title?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    description:
      "How it is sung, whatever the project's music.style says. Default: the present lyric's, then the project's.",
  })
  @IsOptional()
  @Line(200)
  style?: string;

  @ApiProperty({
    type: [SectionDto],
    minItems: 1,
    maxItems: 20,
    description: `At most ${MAX_LYRIC_LINES} lines and ${MAX_LYRIC_LETTERS} characters in all, with labels and line breaks.`,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => SectionDto)
  @Validate(FitsIntoASong)
  @Validate(HoldsWords)
  sections!: SectionDto[];
}

export class ChoiceDto {
  @ApiProperty({ minimum: 1, description: 'The revision of the stage whose result is to count.' })
  @IsInt()
  @Min(1)
  @Max(MAX_REVISION)
  revision!: number;
}

export class LyricChoiceDto extends ChoiceDto {
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_DRAFTS, description: 'One of its drafts. Default: the first.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_DRAFTS)
  draft?: number;
}

export class SongChoiceDto extends ChoiceDto {
  @ApiPropertyOptional({ maxLength: 100, description: 'One of its tracks. Default: the first.' })
  @IsOptional()
  @Line(100)
  trackId?: string;
}

class FormatDto {
  @ApiPropertyOptional({ enum: formats, description: "Of several films, this one. Default: the project's first." })
  @IsOptional()
  @IsIn(formats)
  format?: Format;
}

export class FilmChoiceDto extends IntersectionType(ChoiceDto, FormatDto) {}

export class RevisionQuery {
  @ApiPropertyOptional({ minimum: 1, description: 'An earlier revision. Default: the one that counts.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_REVISION)
  revision?: number;
}

export class TrackQuery extends RevisionQuery {
  @ApiPropertyOptional({ maxLength: 100, description: 'Another track of the song. Default: the one that counts.' })
  @IsOptional()
  @Line(100)
  trackId?: string;
}

export class FilmQuery extends IntersectionType(RevisionQuery, FormatDto) {}

export class OrderView extends OfProjectView {
  @ApiProperty({ description: 'Which order of this project it is.' })
  revision!: number;

  @ApiProperty({ enum: ['processing'] })
  status!: 'processing';
}

export class CancelledView extends OfProjectView {
  @ApiProperty({ description: 'The order that was cancelled.' })
  revision!: number;

  @ApiProperty({ enum: ['cancelled'] })
  status!: 'cancelled';

  @ApiProperty({
    enum: stages,
    isArray: true,
    description:
      'The stages whose provider is known to have been paid. What was under way at this moment shows in the project later.',
  })
  paid!: StageName[];
}
