import { noAnswer, ProviderError, retryAfterMs } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { AxiosResponse } from 'axios';
import { VideoServiceConfig } from '../video-service.config.ts';
import type { RenderScript } from './render-script.ts';

/** `metadata` is what we sent with the order; it shows whether the render is ours. */
export type Render = { metadata: string } & RenderState;

export type RenderState =
  | { state: 'running' }
  | { state: 'done'; url: string; posterUrl?: string; durationSeconds: number }
  | { state: 'failed'; failure: { code: string; reason: string; retryable: boolean } };

interface RenderJson {
  id?: string;
  status?: string;
  url?: string;
  snapshot_url?: string;
  duration?: number;
  error_message?: string | null;
  metadata?: string;
}

const NOT_FOUND = 'CREATOMATE_NOT_FOUND';

/** Creatomate's REST API v2. */
@Injectable()
export class CreatomateClient {
  constructor(
    private readonly http: HttpService,
    private readonly config: VideoServiceConfig,
  ) {}

  /** Orders a render. Costs credits. @throws ProviderError, `refused` when surely nothing was ordered */
  async submit(script: RenderScript, webhookUrl: string, metadata: string): Promise<string> {
    const { id } = await this.call<RenderJson>('POST', '/v2/renders', { ...script, webhook_url: webhookUrl, metadata });
    if (typeof id !== 'string' || !id) throw garbage();
    return id;
  }

  /** Undefined: Creatomate does not know the render, or does not yet. */
  async find(id: string): Promise<Render | undefined> {
    const path = `/v2/renders/${encodeURIComponent(id)}`;
    const render = await this.call<RenderJson>('GET', path).catch((error: unknown) => {
      if (error instanceof ProviderError && error.code === NOT_FOUND) return undefined;
      throw error;
    });
    if (!render) return undefined;
    if (!render.status) throw garbage();
    return { metadata: render.metadata ?? '', ...stateOf(render) };
  }

  async template(id: string): Promise<RenderScript> {
    const { source } = await this.call<{ source?: RenderScript }>('GET', `/v2/templates/${encodeURIComponent(id)}`);
    if (!Array.isArray(source?.elements)) throw garbage();
    return source;
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
    if (response.status < 200 || response.status >= 300) throw errorOf(response);
    if (typeof response.data !== 'object' || response.data === null) throw garbage();
    return response.data as T;
  }
}

/** The render a callback speaks of. */
export function renderIdIn(body: unknown): string | undefined {
  const id = (body as { id?: unknown } | null)?.id;
  return typeof id === 'string' && id.length > 0 && id.length <= 100 ? id : undefined;
}

function stateOf({ status, url, snapshot_url, duration, error_message }: RenderJson): RenderState {
  if (status === 'succeeded' && url) {
    return { state: 'done', url, durationSeconds: duration ?? 0, ...(snapshot_url && { posterUrl: snapshot_url }) };
  }
  if (status === 'cancelled') {
    return {
      state: 'failed',
      failure: { code: 'CREATOMATE_CANCELLED', reason: 'The render was cancelled at Creatomate.', retryable: true },
    };
  }
  if (status === 'failed') {
    const asset = /fetch|asset|download|source/i.test(error_message ?? '');
    return {
      state: 'failed',
      failure: asset
        ? {
            code: 'CREATOMATE_ASSET_UNREACHABLE',
            reason: 'Creatomate could not fetch a photo or the song.',
            retryable: true,
          }
        : { code: 'CREATOMATE_RENDER_FAILED', reason: 'Creatomate could not render the film.', retryable: true },
    };
  }
  return { state: 'running' };
}

function errorOf({ status, headers }: AxiosResponse<unknown>): ProviderError {
  const error = (
    name: string,
    message: string,
    options: { retriable?: boolean; refused?: boolean; account?: boolean },
  ) =>
    new ProviderError(`CREATOMATE_${name}`, message, {
      retryAfterMs: retryAfterMs(headers['retry-after']),
      cause: new Error(`creatomate answered ${status}`),
      ...options,
    });
  if (status === 401) return error('UNAUTHORIZED', 'Creatomate refuses our key.', { refused: true });
  if (status === 402)
    return error('CREDITS_EXHAUSTED', 'The Creatomate credits are used up.', { refused: true, account: true });
  if (status === 404) return error('NOT_FOUND', 'Creatomate does not know this template or render.', { refused: true });
  if (status === 429)
    return error('RATE_LIMITED', 'Creatomate is called too often.', { refused: true, retriable: true });
  if (status >= 400 && status < 500) return error('REFUSED', 'Creatomate refuses the request.', { refused: true });
  return error('SERVER_ERROR', 'Creatomate failed.', { retriable: true });
}

const garbage = () =>
  new ProviderError('CREATOMATE_GARBAGE', 'Creatomate answered something that is not its API.', { retriable: true });
