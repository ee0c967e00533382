import { formats, languages, type Format, type Language } from '@castad/contracts';
import { IsId } from '@castad/platform';
import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsISO8601, IsOptional, IsRFC3339, Min } from 'class-validator';
import { FilmQuery, TrackQuery } from '../order/order.dto.ts';
import { ListQuery } from '../project/project.dto.ts';
import type { Link } from '../storage/file-links.ts';

const flags: Record<string, boolean> = { true: true, false: false };

export class DownloadQuery {
  @ApiPropertyOptional({ default: false, description: 'Save the file instead of showing it.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => flags[String(value)] ?? value)
  @IsBoolean()
  download?: boolean;
}

export class LinkQuery extends DownloadQuery {
  @ApiPropertyOptional({ enum: ['json'], description: 'Answer with the link as JSON instead of a redirect.' })
  @IsOptional()
  @IsIn(['json'])
  as?: 'json';

  @ApiPropertyOptional({
    minimum: 1,
    description: 'For how many seconds the link is to work. Default: an hour; at most a week, or what is configured.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  expiresIn?: number;
}

export class SongFileQuery extends IntersectionType(TrackQuery, LinkQuery) {}

export class VideoFileQuery extends IntersectionType(FilmQuery, LinkQuery) {}

export class SongCaptionsQuery extends IntersectionType(TrackQuery, DownloadQuery) {}

export class VideoCaptionsQuery extends IntersectionType(FilmQuery, DownloadQuery) {}

export class LinkView implements Link {
  @ApiProperty({ format: 'uri', description: 'Lets anybody read the file: a secret until it expires.' })
  url!: string;

  @ApiProperty({ format: 'date-time', description: 'Until when the link works.' })
  expiresAt!: string;
}

export class SongsQuery extends ListQuery {
  @ApiPropertyOptional({ format: 'uuid', description: 'Of this project alone.' })
  @IsOptional()
  @IsId()
  projectId?: string;

  @ApiPropertyOptional({ enum: languages })
  @IsOptional()
  @IsIn(languages)
  language?: Language;

  @ApiPropertyOptional({ format: 'date-time', description: 'Of projects made at or after this moment (RFC 3339).' })
  @IsOptional()
  @IsRFC3339()
  @IsISO8601({ strict: true })
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Of projects made before this moment (RFC 3339).' })
  @IsOptional()
  @IsRFC3339()
  @IsISO8601({ strict: true })
  to?: string;
}

export class VideosQuery extends SongsQuery {
  @ApiPropertyOptional({ enum: formats })
  @IsOptional()
  @IsIn(formats)
  format?: Format;
}

export class SongView {
  @ApiProperty({ format: 'uuid' })
  projectId!: string;

  @ApiProperty({ description: 'The order that made it.' })
  revision!: number;

  @ApiProperty()
  businessName!: string;

  @ApiProperty()
  region!: string;

  @ApiProperty({ enum: languages })
  language!: Language;

  @ApiProperty()
  title!: string;

  @ApiProperty({ description: 'The track that counts.' })
  trackId!: string;

  @ApiProperty({ description: 'Length in seconds.' })
  durationSeconds!: number;

  @ApiProperty({ description: 'Bytes.' })
  size!: number;

  @ApiProperty({ format: 'date-time' })
  completedAt!: string;

  @ApiProperty({ description: 'Leads to the song by a link that is signed when it is asked for.' })
  href!: string;
}

export class SongPage {
  @ApiProperty({ type: [SongView] })
  songs!: SongView[];

  @ApiProperty({ description: 'Whether there is a next page.' })
  hasMore!: boolean;

  @ApiPropertyOptional({ description: 'For the next page; absent on the last one.' })
  nextCursor?: string;
}
