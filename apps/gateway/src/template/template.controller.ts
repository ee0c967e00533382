import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblem } from '../openapi.ts';
import { TemplateClient } from './template.client.ts';
import { TemplatesView, TemplateView } from './template.dto.ts';

/** The looks that a film can have. */
@ApiTags('templates')
@Controller('v1/templates')
export class TemplateController {
  constructor(private readonly templates: TemplateClient) {}

  @Get()
  @ApiOperation({ summary: "The templates of the video provider's account" })
  @ApiOkResponse({ type: TemplatesView })
  @ApiProblem()
  listTemplates(): Promise<TemplatesView> {
    return this.templates.all();
  }

  @Get(':templateId')
  @ApiOperation({ summary: 'A template: its format, what of a project it shows, and whether it can be used' })
  @ApiParam({ name: 'templateId', schema: { type: 'string', maxLength: 100 } })
  @ApiOkResponse({ type: TemplateView })
  @ApiProblem(404)
  getTemplate(@Param('templateId') id: string): Promise<TemplateView> {
    return this.templates.one(id);
  }
}
