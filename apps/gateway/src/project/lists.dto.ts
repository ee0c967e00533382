import { languages, type Language } from '@castad/contracts';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { Line } from '../input/text.ts';
import { IsTime } from '../input/time.ts';
import { ListQuery, type ProjectStatus, projectStatuses } from './project.dto.ts';

export class TimeQuery extends ListQuery {
  @ApiPropertyOptional({ format: 'date-time', description: 'Created at this time or later.' })
  @IsOptional()
  @IsTime()
  createdFrom?: Date;

  @ApiPropertyOptional({ format: 'date-time', description: 'Created before this time.' })
  @IsOptional()
  @IsTime()
  createdTo?: Date;
}

export const sorts = ['newest', 'oldest'] as const;

export class ListProjectsQuery extends TimeQuery {
  @ApiPropertyOptional({ enum: projectStatuses })
  @IsOptional()
  @IsIn(projectStatuses)
  status?: ProjectStatus;

  @ApiPropertyOptional({ maxLength: 100, description: 'Part of the business name.' })
  @IsOptional()
  @Line(100)
  q?: string;

  @ApiPropertyOptional({ enum: languages })
  @IsOptional()
  @IsIn(languages)
  language?: Language;

  @ApiPropertyOptional({ maxLength: 200 })
  @IsOptional()
  @Line(200)
  externalId?: string;

  @ApiPropertyOptional({ enum: sorts, default: 'newest' })
  @IsIn(sorts)
  sort: (typeof sorts)[number] = 'newest';
}
