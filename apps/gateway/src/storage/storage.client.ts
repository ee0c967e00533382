import { AppError, toError, Unavailable } from '@castad/platform';
import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { AxiosRequestConfig } from 'axios';
import type { Readable } from 'node:stream';
import { GatewayConfig } from '../gateway.config.ts';
import type { LinkRequest, Links, UploadedImage } from './storage.types.ts';

/** storage-service: uploads pass through, links are signed there. */
@Injectable()
export class StorageClient {
  constructor(
    private readonly http: HttpService,
    private readonly config: GatewayConfig,
  ) {}

  /** Streams one photo on. @throws AppError with storage-service's own code when it is refused */
  upload(taskId: string, imageId: string, file: Readable): Promise<UploadedImage> {
    return this.call<UploadedImage>({
      method: 'PUT',
      url: `/internal/images/${taskId}/${imageId}`,
      data: file,
      headers: { 'content-type': 'application/octet-stream' },
    });
  }

  /** Fetches one photo from the web. @throws AppError likewise */
  fetch(taskId: string, imageId: string, url: string): Promise<UploadedImage> {
    return this.call<UploadedImage>({ method: 'POST', url: `/internal/images/${taskId}/${imageId}`, data: { url } });
  }

  async remove(taskId: string, imageId: string): Promise<void> {
    await this.call({ method: 'DELETE', url: `/internal/images/${taskId}/${imageId}` });
  }

  links(assets: LinkRequest[], ttlMs: number): Promise<Links> {
    return this.call<Links>({ method: 'POST', url: '/internal/links', data: { assets, ttlMs } });
  }

  private async call<T>(request: AxiosRequestConfig): Promise<T> {
    const { status, data } = await this.http.axiosRef
      .request<unknown>({
        ...request,
        baseURL: this.config.STORAGE_URL,
        headers: { ...request.headers, authorization: `Bearer ${this.config.internalSecrets()[0]}` },
      })
      .catch((error: unknown) => {
        throw new Unavailable(
          'STORAGE_UNAVAILABLE',
          'The file store cannot be reached. Try again shortly.',
          new Error(toError(error).message),
        );
      });
    if (status >= 200 && status < 300) return data as T;
    const problem = data as { code?: unknown; title?: unknown } | null;
    if (status >= 400 && status < 500 && status !== 401 && typeof problem?.code === 'string') {
      throw new AppError(problem.code, String(problem.title), { status });
    }
    throw new Unavailable('STORAGE_UNAVAILABLE', 'The file store does not work at the moment. Try again shortly.');
  }
}
