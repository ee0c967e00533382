import { formats, type Format } from '@castad/contracts';
import { InternalGuard, ProviderError, Unavailable } from '@castad/platform';
import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { TemplateChecks } from './template.checks.ts';
import type { TemplateFault } from './template.entity.ts';

export class TemplateCheckRequest {
  @IsIn(formats)
  format!: Format;

  /** The provider's id. Absent: the one configured for the format. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  template?: string;
}

@Controller('internal/template-checks')
@UseGuards(InternalGuard)
export class TemplateCheckController {
  constructor(private readonly checks: TemplateChecks) {}

  /** Whether films can be made with a template, and if not, why. 503: it cannot be said now. */
  @Post()
  @HttpCode(200)
  async check(@Body() { format, template }: TemplateCheckRequest): Promise<{ ok: true } | TemplateFault> {
    const fault = await this.checks.faultOf(format, template).catch((error: unknown) => {
      if (!(error instanceof ProviderError)) throw error;
      throw new Unavailable('TEMPLATE_UNCHECKED', error.message, error);
    });
    return fault ?? { ok: true };
  }
}
