import type { Format } from '@castad/contracts';
import { Database, ProviderError, Retention } from '@castad/platform';
import { Injectable, Logger } from '@nestjs/common';
import { CreatomateClient } from '../creatomate/creatomate.client.ts';
import { NOT_FOUND } from '../creatomate/creatomate-errors.ts';
import { compose, UnusableTemplate } from '../video/compose.ts';
import { VideoServiceConfig } from '../video-service.config.ts';
import { misfitOf } from './template-format.ts';
import { sampleFilm } from './sample-film.ts';
import { Template, type TemplateFault } from './template.entity.ts';
import { TemplateStore } from './template.store.ts';

const KEEP_DAYS = 30;

/** Finds out whether films can be made with a template, before anybody pays for a song. Found once per TTL. */
@Injectable()
export class TemplateChecks {
  private readonly logger = new Logger(TemplateChecks.name);
  private readonly checking = new Map<string, Promise<TemplateFault | undefined>>();

  constructor(
    private readonly database: Database,
    private readonly templates: TemplateStore,
    private readonly creatomate: CreatomateClient,
    private readonly config: VideoServiceConfig,
    retention: Retention,
  ) {
    // Clients name templates, so there may be any number of them.
    retention.add({ table: 'template', timeColumn: 'checked_at', keepDays: KEEP_DAYS });
  }

  /** Undefined: nothing is wrong. @throws ProviderError when the provider does not say */
  async faultOf(format: Format, template?: string): Promise<TemplateFault | undefined> {
    const id = template ?? this.config.templateFor(format);
    if (!id) return { code: 'TEMPLATE_MISSING', reason: `No video template is configured for the format ${format}.` };
    const now = await this.database.now();
    const known = await this.database.read('requests', em => em.findOne(Template, id));
    if (known?.isChecked(now, this.config.CREATOMATE_TEMPLATE_TTL_MS))
      return known.faults?.[0] ?? misfitOf(known.source ?? {}, format);
    const checking = this.checking.get(id) ?? this.check(id).finally(() => this.checking.delete(id));
    this.checking.set(id, checking);
    return (await checking) ?? misfitOf(await this.templates.get(id), format);
  }

  private async check(id: string): Promise<TemplateFault | undefined> {
    const fault = await this.find(id);
    const faults = JSON.stringify(fault ? [fault] : []);
    await this.database.transaction('requests', async ({ em, now }) => {
      await em
        .getConnection()
        .execute(
          'insert into template (id, faults, checked_at) values (?, ?, ?) on duplicate key update faults = ?, checked_at = ?',
          [id, faults, now, faults, now],
          'run',
          em.getTransactionContext(),
        );
    });
    return fault;
  }

  private async find(id: string): Promise<TemplateFault | undefined> {
    try {
      const source = await this.templates.get(id);
      const { objections: detail, remarks } = await this.creatomate.dryRun(compose(source, sampleFilm));
      if (remarks) this.logger.warn({ template: id, remarks }, 'not all of a template is rendered as it was meant');
      if (!detail) return undefined;
      return { code: 'TEMPLATE_REFUSED', reason: 'The video provider refuses a film with this template.', detail };
    } catch (error) {
      if (error instanceof UnusableTemplate) return { code: error.code, reason: error.message };
      if (!(error instanceof ProviderError) || error.code !== NOT_FOUND) throw error;
      const { detail } = error;
      return { code: 'TEMPLATE_UNKNOWN', reason: 'The video provider has no such template.', detail };
    }
  }
}
