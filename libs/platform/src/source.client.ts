import { Injectable } from '@nestjs/common';
import axios, { isAxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import type { Readable } from 'node:stream';
import { ServiceConfig } from './config.ts';
import { ProviderError, toError } from './errors.ts';
import { noAnswer, retryAfterMs } from './http-client.ts';
import { NotPublic, publicHttpOptions, webUrl } from './public-web.ts';

export interface Download {
  stream: Readable;
  /** What the sender says it will send. */
  announcedBytes?: number;
}

const MAX_REDIRECTS = 3;
/** How the providers' file hosts answer when a file is not there; 441 is Suno's own. */
const GONE = new Set([403, 404, 410, 441]);

/** A provider's file, by the address the provider gave. */
@Injectable()
export class SourceClient {
  private readonly http: AxiosInstance;

  constructor(config: ServiceConfig) {
    this.http = axios.create(publicHttpOptions(config));
  }

  /**
   * Begins a download; the caller reads it to its end or destroys it. With `endsAt`, it has to begin by then, redirects
   * included. @throws ProviderError `SOURCE_...`
   */
  async open(address: string, endsAt?: number): Promise<Download> {
    try {
      let url = webUrl(address);
      for (let redirects = 0; ; redirects++) {
        const { status, headers, data } = await this.get(url, endsAt);
        if (status === 200) return { stream: data, announcedBytes: sizeIn(headers['content-length']) };
        data.destroy();
        const { location } = headers as { location?: string };
        if (status < 300 || status >= 400 || !location || redirects === MAX_REDIRECTS)
          throw errorOf(status, retryAfterMs(headers['retry-after']));
        url = webUrl(location, url.href);
      }
    } catch (error) {
      throw sourceError(error);
    }
  }

  private get({ href }: URL, endsAt?: number): Promise<AxiosResponse<Readable>> {
    return this.http.get<Readable>(href, {
      ...(endsAt !== undefined && { timeout: Math.max(1, endsAt - Date.now()) }),
      responseType: 'stream',
      decompress: false,
      maxContentLength: -1,
      headers: { accept: '*/*', 'accept-encoding': 'identity' },
    });
  }
}

const sizeIn = (header: unknown): number | undefined => (/^\d+$/.test(String(header)) ? Number(header) : undefined);

/** Whatever a host answers it may take back: all but a wrong address is worth another try. */
function errorOf(status: number, retryAfter: number | undefined): ProviderError {
  const detail = `The file's host answered ${status}.`;
  const options = { detail, cause: new Error(detail), retriable: true, retryAfterMs: retryAfter };
  if (GONE.has(status)) return new ProviderError('SOURCE_GONE', "The provider's file is not there.", options);
  return status >= 500 || status === 408 || status === 425 || status === 429
    ? new ProviderError('SOURCE_UNAVAILABLE', "The provider's file cannot be read now.", options)
    : new ProviderError('SOURCE_REFUSED', 'The provider refuses to hand out its file.', options);
}

function sourceError(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const error = isAxiosError(thrown) && thrown.cause ? thrown.cause : thrown;
  if (!(error instanceof NotPublic)) return noAnswer('source', thrown);
  const detail = toError(error.cause).message;
  return new ProviderError('SOURCE_NOT_PUBLIC', "The provider's file is not at an address of the public web.", {
    cause: error,
    detail,
  });
}
