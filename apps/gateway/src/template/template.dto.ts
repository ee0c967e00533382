import { formats, type Format } from '@castad/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class TemplateSummaryView {
  @ApiProperty({ description: 'For `video.template`.' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ type: [String] })
  tags!: string[];

  @ApiProperty({ enum: formats, isArray: true, description: 'The formats it is used for unless another is asked for.' })
  defaultFor!: Format[];
}

export class TemplatesView {
  @ApiProperty({ type: [TemplateSummaryView], description: 'The default ones first.' })
  templates!: TemplateSummaryView[];
}

export class PhotoSlotsView {
  @ApiProperty()
  min!: number;

  @ApiProperty()
  max!: number;
}

export class TextSlotView {
  @ApiProperty({ example: 'businessName', description: 'The property of the project that is shown.' })
  property!: string;

  @ApiProperty({ description: 'Characters.' })
  maxLength!: number;
}

export class SlotsView {
  @ApiProperty({ type: PhotoSlotsView })
  photos!: PhotoSlotsView;

  @ApiProperty({ type: [TextSlotView] })
  texts!: TextSlotView[];

  @ApiProperty({ description: 'Whether the sung lines are shown.' })
  captions!: boolean;
}

export class TemplateFaultView {
  @ApiProperty({ example: 'TEMPLATE_UNUSABLE' })
  code!: string;

  @ApiProperty()
  reason!: string;

  @ApiPropertyOptional({ description: "The provider's own words." })
  detail?: string;
}

export class TemplateView extends TemplateSummaryView {
  @ApiPropertyOptional({ enum: formats, description: 'The format it is designed for.' })
  format?: Format;

  @ApiPropertyOptional({ description: 'Pixels.' })
  width?: number;

  @ApiPropertyOptional({ description: 'Pixels.' })
  height?: number;

  @ApiProperty({ type: SlotsView, description: 'What of a project it shows.' })
  slots!: SlotsView;

  @ApiPropertyOptional({ type: TemplateFaultView, description: 'Why no film can be made with it: orders are refused.' })
  fault?: TemplateFaultView;
}
