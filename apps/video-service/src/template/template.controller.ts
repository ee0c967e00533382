import { InternalGuard, NotFound, ProviderError, Unavailable } from '@castad/platform';
import { Controller, Get, Param, UseGuards } from '@nestjs/common';
import { TemplateList, type DescribedTemplate, type ListedTemplate } from './template-list.ts';

/** For the gateway. 503: the provider does not answer now. */
@Controller('internal/templates')
@UseGuards(InternalGuard)
export class TemplateController {
  constructor(private readonly templates: TemplateList) {}

  @Get()
  async all(): Promise<{ templates: ListedTemplate[] }> {
    return { templates: await this.templates.all().catch(unavailable) };
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<DescribedTemplate> {
    const template = await this.templates.one(id).catch(unavailable);
    if (!template) throw new NotFound('TEMPLATE_UNKNOWN', 'The video provider has no such template.');
    return template;
  }
}

function unavailable(error: unknown): never {
  throw error instanceof ProviderError ? new Unavailable('TEMPLATE_UNCHECKED', error.message, error) : error;
}
