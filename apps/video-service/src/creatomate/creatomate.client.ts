import { idIn, noAnswer, providerDetail, ProviderError, shortened } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable, Logger } from '@nestjs/common';
import { VideoServiceConfig } from '../video-service.config.ts';
import { errorOf, garbage, NOT_FOUND, REFUSED } from './creatomate-errors.ts';
import { stateOf, type RenderJson, type RenderState } from './creatomate-render.ts';
import type { RenderScript } from './render-script.ts';

/** `metadata` is what we sent with the order; it shows whether the render is ours. */
export type Render = { metadata: string } & RenderState;

export interface TemplateSummary {
  id: string;
  name: string;
  tags: string[];
}

interface TemplateJson {
  id?: unknown;
  name?: unknown;
  tags?: unknown;
}

/** What Creatomate remarks on a script, whether it takes it or not. */
interface RemarksJson {
  errors?: unknown;
  warnings?: unknown;
}

export interface DryRun {
  /** Why there would be no render. */
  objections?: string;
  /** What would not be rendered as it was meant. */
  remarks?: string;
}

/** Creatomate's REST API v2. */
@Injectable()
export class CreatomateClient {
  private readonly logger = new Logger(CreatomateClient.name);
  private readonly redact: (text: string) => string;

  constructor(
    private readonly http: HttpService,
    private readonly config: VideoServiceConfig,
  ) {
    this.redact = config.redactor();
  }

  /** Orders a render. Costs credits. @throws ProviderError, `refused` when surely nothing was ordered */
  async submit(script: RenderScript, webhookUrl: string, metadata: string): Promise<string> {
    const order = { ...script, webhook_url: webhookUrl, metadata };
    const render = await this.call<RenderJson & RemarksJson>('POST', '/v2/renders', order);
    const id = idIn(render.id);
    if (!id) throw garbage();
    const remarks = this.wordsOf(render.errors, render.warnings);
    if (remarks) this.logger.warn({ jobId: id, remarks }, 'not all of a film is rendered as it was meant');
    return id;
  }

  /** What Creatomate would make of a render. Nothing is rendered or charged. */
  async dryRun(script: RenderScript): Promise<DryRun> {
    const dryRun = { ...script, dry_run: true };
    const answer = await this.call<RemarksJson & { valid?: unknown }>('POST', '/v2/renders', dryRun).catch(
      (error: unknown) => {
        if (error instanceof ProviderError && error.code === REFUSED)
          return { valid: false, errors: [error.detail], warnings: [] };
        throw error;
      },
    );
    const { valid, errors, warnings } = answer;
    if (typeof valid !== 'boolean') throw garbage();
    return valid
      ? { remarks: this.wordsOf(errors, warnings) }
      : { objections: this.wordsOf(errors) ?? 'The dry run failed.' };
  }

  /** Undefined: Creatomate does not know the render, or does not yet. */
  async find(id: string): Promise<Render | undefined> {
    const path = `/v2/renders/${encodeURIComponent(id)}`;
    const render = await this.call<RenderJson>('GET', path).catch((error: unknown) => {
      if (error instanceof ProviderError && error.code === NOT_FOUND) return undefined;
      throw error;
    });
    if (!render) return undefined;
    const { status, metadata } = render;
    if (typeof status !== 'string' || !status) throw garbage();
    return { metadata: typeof metadata === 'string' ? metadata : '', ...stateOf(render, this.redact) };
  }

  async template(id: string): Promise<RenderScript> {
    const { source } = await this.call<{ source?: RenderScript }>('GET', `/v2/templates/${encodeURIComponent(id)}`);
    if (!isScript(source)) throw garbage();
    return source;
  }

  /** All templates of the account, without their sources. */
  async templates(): Promise<TemplateSummary[]> {
    const templates = await this.call<TemplateJson[]>('GET', '/v2/templates');
    if (!Array.isArray(templates)) throw garbage();
    return templates.flatMap(template => {
      const id = idIn(template?.id);
      return id ? [{ id, name: textIn(template.name), tags: tagsIn(template.tags) }] : [];
    });
  }

  private wordsOf(...lists: unknown[]): string | undefined {
    const said = lists.filter(list => Array.isArray(list)).flat();
    return providerDetail(said.map(wordOf), this.redact);
  }

  private async call<T extends object>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const response = await this.http.axiosRef
      .request<unknown>({
        method,
        url: this.config.CREATOMATE_BASE_URL + path,
        data: body,
        headers: { authorization: `Bearer ${this.config.CREATOMATE_API_KEY}` },
      })
      .catch((error: unknown) => {
        throw noAnswer('creatomate', error);
      });
    if (response.status < 200 || response.status >= 300) throw errorOf(response, this.redact);
    if (typeof response.data !== 'object' || response.data === null) throw garbage();
    return response.data as T;
  }
}

const isScript = (source: RenderScript | undefined): source is RenderScript =>
  Array.isArray(source?.elements) && source.elements.every(element => typeof element === 'object' && !!element);

const MAX_TEXT = 200;

const textIn = (value: unknown): string => (typeof value === 'string' ? shortened(value, MAX_TEXT) : '');

const tagsIn = (value: unknown): string[] => (Array.isArray(value) ? value.map(textIn).filter(tag => tag !== '') : []);

const wordOf = (error: unknown): unknown => (typeof error === 'object' ? JSON.stringify(error) : error);
