import { formats, type Format } from '@castad/contracts';
import { Database, ProviderError } from '@castad/platform';
import { Injectable } from '@nestjs/common';
import { CreatomateClient, type TemplateSummary } from '../creatomate/creatomate.client.ts';
import { NOT_FOUND } from '../creatomate/creatomate-errors.ts';
import { VideoServiceConfig } from '../video-service.config.ts';
import { formatOf, slotsOf, type Slots } from './slots.ts';
import { TemplateChecks } from './template.checks.ts';
import type { TemplateFault } from './template.entity.ts';
import { TemplateStore } from './template.store.ts';

export interface ListedTemplate extends TemplateSummary {
  /** The formats whose films are made with it unless another is asked for. */
  defaultFor: Format[];
}

export interface DescribedTemplate extends ListedTemplate {
  format?: Format;
  width?: number;
  height?: number;
  slots: Slots;
  /** Why no film can be made with it. */
  fault?: TemplateFault;
}

/** The templates of the provider's account, as clients choose from them. */
@Injectable()
export class TemplateList {
  private listed?: { until: number; templates: Promise<TemplateSummary[]> };

  constructor(
    private readonly creatomate: CreatomateClient,
    private readonly store: TemplateStore,
    private readonly checks: TemplateChecks,
    private readonly database: Database,
    private readonly config: VideoServiceConfig,
  ) {}

  /** Those that are configured come first. @throws ProviderError */
  async all(): Promise<ListedTemplate[]> {
    const templates = (await this.fetched()).map(template => ({
      ...template,
      defaultFor: this.defaultFor(template.id),
    }));
    return templates.toSorted((a, b) => b.defaultFor.length - a.defaultFor.length);
  }

  /** Undefined: there is no such template. @throws ProviderError */
  async one(id: string): Promise<DescribedTemplate | undefined> {
    const source = await this.store.get(id).catch((error: unknown) => {
      if (error instanceof ProviderError && error.code === NOT_FOUND) return undefined;
      throw error;
    });
    if (!source) return undefined;
    const { width, height } = source;
    const format = formatOf(source);
    const listed = (await this.fetched()).find(template => template.id === id) ?? { id, name: '', tags: [] };
    const fault = await this.checks.faultOf(format ?? formats[0], id);
    return {
      ...listed,
      defaultFor: this.defaultFor(id),
      ...(format && { format }),
      ...(width && height && { width, height }),
      slots: slotsOf(source),
      ...(fault && { fault }),
    };
  }

  private defaultFor(id: string): Format[] {
    return formats.filter(format => this.config.templateFor(format) === id);
  }

  /** Asked for once per TTL by each process. */
  private async fetched(): Promise<TemplateSummary[]> {
    const now = (await this.database.now()).getTime();
    if (!this.listed || this.listed.until <= now) {
      const templates = this.creatomate.templates();
      const listed = { until: now + this.config.CREATOMATE_TEMPLATE_TTL_MS, templates };
      this.listed = listed;
      templates.catch(() => {
        if (this.listed === listed) this.listed = undefined;
      });
    }
    return this.listed.templates;
  }
}
