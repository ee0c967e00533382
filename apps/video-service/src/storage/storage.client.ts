import { noAnswer, ProviderError } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { VideoServiceConfig } from '../video-service.config.ts';

export interface AssetRef {
  revision: number;
  kind: 'image' | 'song';
  ref: string;
  name?: string;
}

export interface Links {
  links: (AssetRef & { url: string })[];
  missing: AssetRef[];
  failed: (AssetRef & { code: string; reason: string })[];
}

/** storage-service's internal API. */
@Injectable()
export class StorageClient {
  constructor(
    private readonly http: HttpService,
    private readonly config: VideoServiceConfig,
  ) {}

  /** Links that outlive queue and render. Says what is not stored yet, and what never will be. */
  async links(taskId: string, assets: AssetRef[]): Promise<Links> {
    const { status, data } = await this.http.axiosRef
      .request<Links>({
        method: 'POST',
        url: `${this.config.STORAGE_URL}/internal/links`,
        data: { taskId, assets },
        headers: { authorization: `Bearer ${this.config.internalSecrets()[0]}` },
      })
      .catch((error: unknown) => {
        throw unavailable(noAnswer('storage', error).message);
      });
    if (status !== 200 || ![data?.links, data?.missing, data?.failed].every(Array.isArray))
      throw unavailable(`storage-service answered ${status}`);
    return data;
  }
}

/** Whatever went wrong, to ask for links orders nothing: it may be asked again. */
const unavailable = (detail: string) =>
  new ProviderError('STORAGE_UNAVAILABLE', 'The file store does not work at the moment.', {
    retriable: true,
    refused: true,
    detail,
  });
