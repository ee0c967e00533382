import { noAnswer, ProviderError, retryAfterMs } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';

export interface Download {
  stream: Readable;
  /** What the sender says it will send. */
  announcedBytes?: number;
}

const MAX_REDIRECTS = 3;
/** How the providers' file hosts answer when a file has expired; 441 is Suno's own. */
const GONE = new Set([403, 404, 410, 441]);

/** A provider's file, by its address. */
@Injectable()
export class SourceClient {
  constructor(private readonly http: HttpService) {}

  /** Begins a download; the caller reads it to its end or destroys it. @throws ProviderError `SOURCE_...` */
  async open(url: string, redirects = 0): Promise<Download> {
    const { status, headers, data } = await this.http.axiosRef
      .get<Readable>(url, {
        responseType: 'stream',
        decompress: false,
        maxContentLength: -1,
        headers: { accept: '*/*', 'accept-encoding': 'identity' },
      })
      .catch((error: unknown) => {
        throw noAnswer('source', error);
      });
    if (status === 200) return { stream: data, announcedBytes: sizeIn(headers['content-length']) };
    data.destroy();
    const next = status >= 300 && status < 400 && redirects < MAX_REDIRECTS && nextUrl(url, headers.location);
    if (next) return this.open(next, redirects + 1);
    throw errorOf(status, retryAfterMs(headers['retry-after']));
  }
}

const sizeIn = (header: unknown): number | undefined => (/^\d+$/.test(String(header)) ? Number(header) : undefined);

/** Only the web: not a file or whatever else an address can name. */
function nextUrl(from: string, location: unknown): string | undefined {
  const url = typeof location === 'string' ? URL.parse(location, from) : null;
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
}

function errorOf(status: number, retryAfter: number | undefined): ProviderError {
  const cause = new Error(`the file's host answered ${status}`);
  if (GONE.has(status)) return new ProviderError('SOURCE_GONE', "The provider's file is no longer there.", { cause });
  const retriable = status >= 500 || status === 408 || status === 425 || status === 429;
  return retriable
    ? new ProviderError('SOURCE_UNAVAILABLE', "The provider's file cannot be read now.", {
        cause,
        retriable,
        retryAfterMs: retryAfter,
      })
    : new ProviderError('SOURCE_REFUSED', 'The provider refuses to hand out its file.', { cause });
}
