import { formats } from '@castad/contracts';
import { Lifecycle, toError } from '@castad/platform';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { VideoServiceConfig } from '../video-service.config.ts';
import { TemplateChecks } from './template.checks.ts';

const EVERY_MS = 60_000;

/** Tells an operator of configured templates that cannot be used, before a client meets them. */
@Injectable()
export class TemplateWatch implements OnApplicationBootstrap {
  private readonly logger = new Logger(TemplateWatch.name);
  private readonly faults = new Map<string, string>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly checks: TemplateChecks,
    private readonly config: VideoServiceConfig,
    private readonly lifecycle: Lifecycle,
  ) {}

  onApplicationBootstrap(): void {
    this.lifecycle.addProbe({ name: 'templates', decides: 'nothing', check: () => this.assertUsable() });
    this.timer = setInterval(() => void this.look(), EVERY_MS).unref();
    this.lifecycle.onDrain('workers', async () => clearInterval(this.timer));
    void this.look();
  }

  private assertUsable(): void {
    if (this.faults.size > 0) throw new Error([...this.faults.values()].join(' '));
  }

  private async look(): Promise<void> {
    for (const format of formats.filter(name => this.config.templateFor(name))) {
      const template = this.config.templateFor(format);
      try {
        const fault = await this.checks.faultOf(format);
        this.faults.delete(format);
        if (!fault) continue;
        this.faults.set(format, `${format}: ${fault.code}: ${fault.reason}`);
        this.logger.error({ format, template, ...fault }, 'a configured template cannot be used');
      } catch (error) {
        this.logger.warn({ format, template, error: toError(error).message }, 'a configured template is not checked');
      }
    }
  }
}
