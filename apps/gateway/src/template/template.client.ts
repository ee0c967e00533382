import type { VideoPlan } from '@castad/contracts';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { GatewayConfig } from '../gateway.config.ts';

/** Why no film can be made with a template. */
export interface TemplateFault {
  code: string;
  reason: string;
  /** The provider's own words. */
  detail?: string;
}

/** An order waits for it. */
const TIMEOUT_MS = 3_000;

/** video-service: whether films can be made with a template. */
@Injectable()
export class TemplateClient {
  constructor(
    private readonly http: HttpService,
    private readonly config: GatewayConfig,
  ) {}

  /** Undefined: nothing is wrong. @throws Error when it is not known now */
  async faultOf({ format, template }: VideoPlan): Promise<TemplateFault | undefined> {
    const { status, data } = await this.http.axiosRef.request<unknown>({
      method: 'POST',
      baseURL: this.config.VIDEO_URL,
      url: '/internal/template-checks',
      data: { format, ...(template && { template }) },
      headers: { authorization: `Bearer ${this.config.internalSecrets()[0]}` },
      timeout: TIMEOUT_MS,
    });
    const { ok, code, reason, detail } = (data ?? {}) as Partial<TemplateFault> & { ok?: unknown };
    if (status === 200 && ok === true) return undefined;
    if (status !== 200 || typeof code !== 'string' || typeof reason !== 'string')
      throw new Error(`video-service answered ${status}`);
    return { code, reason, ...(typeof detail === 'string' && { detail }) };
  }
}
