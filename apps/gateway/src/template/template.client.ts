import type { VideoPlan } from '@castad/contracts';
import { NotFound, toError, Unavailable } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import { GatewayConfig } from '../gateway.config.ts';
import type { TemplatesView, TemplateView } from './template.dto.ts';

/** Why no film can be made with a template. */
export interface TemplateFault {
  code: string;
  reason: string;
  /** The provider's own words. */
  detail?: string;
}

/** A client waits for it. */
const TIMEOUT_MS = 3_000;
const MAX_ID = 100;

/** video-service: which templates there are, and whether films can be made with them. */
@Injectable()
export class TemplateClient {
  constructor(
    private readonly http: HttpService,
    private readonly config: GatewayConfig,
  ) {}

  /** Undefined: nothing is wrong. @throws Error when it is not known now */
  async faultOf({ format, template }: VideoPlan): Promise<TemplateFault | undefined> {
    const { status, data } = await this.call({
      method: 'POST',
      url: '/internal/template-checks',
      data: { format, ...(template && { template }) },
    });
    const { ok, code, reason, detail } = (data ?? {}) as Partial<TemplateFault> & { ok?: unknown };
    if (status === 200 && ok === true) return undefined;
    if (status !== 200 || typeof code !== 'string' || typeof reason !== 'string')
      throw new Error(`video-service answered ${status}`);
    return { code, reason, ...(typeof detail === 'string' && { detail }) };
  }
  /** @throws Unavailable `TEMPLATE_UNCHECKED` */
  all(): Promise<TemplatesView> {
    return this.read<TemplatesView>('/internal/templates');
  }

  /** @throws NotFound `TEMPLATE_NOT_FOUND`; Unavailable `TEMPLATE_UNCHECKED` */
  async one(id: string): Promise<TemplateView> {
    if (id.length > MAX_ID) throw notFound();
    return this.read<TemplateView>(`/internal/templates/${encodeURIComponent(id)}`);
  }

  private async read<T>(url: string): Promise<T> {
    const { status, data } = await this.call({ url }).catch((error: unknown) => {
      throw unchecked(error);
    });
    if (status === 404) throw notFound();
    if (status !== 200) throw unchecked(new Error(`video-service answered ${status}`));
    return data as T;
  }

  private call(request: AxiosRequestConfig): Promise<AxiosResponse<unknown>> {
    return this.http.axiosRef.request<unknown>({
      ...request,
      baseURL: this.config.VIDEO_URL,
      headers: { authorization: `Bearer ${this.config.internalSecrets()[0]}` },
      timeout: TIMEOUT_MS,
    });
  }
}

const unchecked = (cause: unknown) =>
  new Unavailable(
    'TEMPLATE_UNCHECKED',
    'The video provider does not say now which templates there are.',
    toError(cause),
  );

const notFound = () => new NotFound('TEMPLATE_NOT_FOUND', 'There is no such template.');
