import { formats, stages, type Format, type Stage as StageName } from '@castad/contracts';
import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { EstimateView } from '../estimate/estimate.dto.ts';
import { TimeQuery } from '../project/lists.dto.ts';
import { AttemptView, ErrorView, PageView } from '../project/project.dto.ts';
import { MAX_REVISION } from './order.dto.ts';

export const orderStatuses = ['processing', 'completed', 'failed', 'cancelled'] as const;
export type OrderViewStatus = (typeof orderStatuses)[number];

export class ProjectOrdersQuery {
  @ApiPropertyOptional({ minimum: 1, description: 'Where the page before ended.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_REVISION)
  cursor?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 20 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;
}

export class OrdersQuery extends OmitType(TimeQuery, ['cursor']) {
  @ApiPropertyOptional({ enum: orderStatuses })
  @IsOptional()
  @IsIn(orderStatuses)
  status?: OrderViewStatus;

  @ApiPropertyOptional({
    description: 'Where the page before ended.',
    example: '1769860800000.01900000-0000-7000-8000-000000000000.1',
  })
  @IsOptional()
  @Matches(/^\d{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\d{1,10}$/)
  cursor?: string;
}

/** What an order did at one of several videos. */
export class OrderFilmView extends OmitType(AttemptView, ['revision']) {
  @ApiProperty({ enum: formats })
  format!: Format;
}

/** What an order did at a stage. */
export class OrderStageView extends OmitType(AttemptView, ['revision']) {
  @ApiProperty({ enum: stages })
  stage!: StageName;

  @ApiPropertyOptional({ type: [OrderFilmView], description: 'Of an order of several videos: each.' })
  formats?: OrderFilmView[];
}

export class OrderDetailView {
  @ApiProperty({ format: 'uuid' })
  projectId!: string;

  @ApiProperty({ description: 'Which order of this project it is.' })
  revision!: number;

  @ApiProperty({ enum: orderStatuses })
  status!: OrderViewStatus;

  @ApiProperty({ enum: stages })
  firstStage!: StageName;

  @ApiProperty({ enum: stages })
  lastStage!: StageName;

  @ApiPropertyOptional({ description: 'It makes previews and no video.' })
  preview?: boolean;

  @ApiProperty({ type: [OrderStageView], description: 'From the first stage to the last one.' })
  stages!: OrderStageView[];

  @ApiProperty({
    enum: stages,
    isArray: true,
    description: 'The stages whose provider is known to have accepted, and charged for, the work.',
  })
  paid!: StageName[];

  @ApiPropertyOptional({ type: ErrorView, description: 'Why it failed.' })
  error?: ErrorView;

  @ApiProperty({ format: 'date-time', description: 'No stage is begun after this time; what runs then is given up.' })
  deadline!: string;

  @ApiPropertyOptional({
    type: EstimateView,
    description:
      'When the running order will have ended, as of now; in no list. Absent where too few films can be compared.',
  })
  estimate?: EstimateView;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiPropertyOptional({ format: 'date-time' })
  endedAt?: string;
}

export class OrderPage extends PageView {
  @ApiProperty({ type: [OrderDetailView] })
  orders!: OrderDetailView[];
}
