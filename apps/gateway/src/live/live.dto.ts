import { formats, stages, type Format, type Stage as StageName } from '@castad/contracts';
import { ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { EstimateView } from '../estimate/estimate.dto.ts';
import { OfProjectView } from '../input/ids.view.ts';
import { ErrorView, ReasonView } from '../project/project.dto.ts';

export class EventsQuery {
  @ApiPropertyOptional({ minimum: 0, description: 'Like Last-Event-ID, for clients that cannot send the header.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;
}

export class HistoryQuery {
  @ApiPropertyOptional({ example: '2.1337', description: 'Where the page before ended.' })
  @IsOptional()
  @Matches(/^\d{1,9}\.\d{1,15}$/)
  cursor?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 500, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit: number = 100;
}

export class EventView extends OfProjectView {
  @ApiProperty({ description: 'Its place among all events, ascending with gaps; what Last-Event-ID takes.' })
  id!: number;

  @ApiProperty({ description: 'The order it belongs to.' })
  revision!: number;

  @ApiProperty({ example: 'LyricGenerated', description: 'May be one that did not exist when you were written.' })
  type!: string;

  @ApiProperty({ format: 'date-time', description: 'When it was announced.' })
  time!: string;

  @ApiPropertyOptional({ enum: stages })
  stage?: StageName;

  @ApiPropertyOptional({ enum: formats, description: 'The film it is about.' })
  format?: Format;

  @ApiPropertyOptional({ description: 'It is about a preview and no film.' })
  preview?: boolean;

  @ApiPropertyOptional({
    enum: ['running', 'completed', 'failed', 'cancelled'],
    description: 'What it means for the stage; in TaskCompleted, TaskFailed and TaskCancelled for the order.',
  })
  status?: 'running' | 'completed' | 'failed' | 'cancelled';

  @ApiPropertyOptional({ type: ErrorView })
  error?: ErrorView;

  @ApiPropertyOptional({ type: ReasonView, description: 'What the stage waits for.' })
  waiting?: ReasonView;

  @ApiPropertyOptional({ type: EstimateView, description: 'When its order, which goes on, will have ended.' })
  estimate?: EstimateView;

  @ApiPropertyOptional({ enum: stages, isArray: true, description: 'The stages of a cancelled order that cost money.' })
  paid?: StageName[];
}

export class AcceptedView extends OfProjectView {
  @ApiProperty({ enum: ['OrderAccepted'] })
  type!: 'OrderAccepted';

  @ApiProperty()
  revision!: number;

  @ApiProperty({ format: 'date-time' })
  time!: string;

  @ApiProperty({ enum: stages })
  firstStage!: StageName;

  @ApiProperty({ enum: stages })
  lastStage!: StageName;

  @ApiPropertyOptional({ description: 'It makes previews and no video.' })
  preview?: boolean;

  @ApiProperty({ enum: ['processing', 'completed', 'failed', 'cancelled'], description: 'What has become of it.' })
  status!: 'processing' | 'completed' | 'failed' | 'cancelled';

  @ApiPropertyOptional({ format: 'date-time' })
  endedAt?: string;

  @ApiPropertyOptional({ type: ErrorView })
  error?: ErrorView;
}

export class HistoryPage {
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(AcceptedView) }, { $ref: getSchemaPath(EventView) }] },
    description: 'Order by order; each with what was heard about it, in the order of arrival.',
  })
  entries!: (AcceptedView | EventView)[];

  @ApiPropertyOptional({ description: 'For the next page; absent on the last one.' })
  nextCursor?: string;
}
