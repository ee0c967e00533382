import { Database, InternalGuard, InvalidInput } from '@castad/platform';
import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { Asset } from '../asset/asset.entity.ts';
import { BlobClient } from '../azure/blob.client.ts';
import { StorageServiceConfig } from '../storage-service.config.ts';
import { LinksRequest, type LinksResponse } from './link.dto.ts';

@Controller('internal/links')
@UseGuards(InternalGuard)
export class LinkController {
  constructor(
    private readonly database: Database,
    private readonly blobs: BlobClient,
    private readonly config: StorageServiceConfig,
  ) {}

  /** Links to what is stored of the assets; one query, however many. */
  @Post()
  @HttpCode(200)
  async sign(@Body() request: LinksRequest): Promise<LinksResponse> {
    const { ttlMs = this.config.STORAGE_LINK_TTL_MS } = request;
    const wanted = request.assets.map(asset => ({ ...asset, taskId: taskOf(asset.taskId ?? request.taskId) }));
    const found = await this.database.read('requests', em => em.find(Asset, { $or: wanted.map(keyIn) }));
    const byKey = new Map(found.map(asset => [textOf(asset), asset]));
    const response: LinksResponse = { links: [], missing: [], failed: [] };
    for (const { name: only, contentDisposition, ...rest } of wanted) {
      const [key, asset] = [keyIn(rest), byKey.get(textOf(rest))];
      const files = asset?.status === 'done' ? asset.files.filter(file => !only || file.name === only) : [];
      for (const { name, path, contentType, size } of files) {
        const link = await this.blobs.link(path, ttlMs, contentDisposition);
        response.links.push({ ...key, name, ...link, contentType, size });
      }
      const lost = asset?.lost(only);
      if (lost) response.failed.push({ ...key, ...lost });
      else if (files.length === 0) response.missing.push(key);
    }
    return response;
  }
}

type Key = Pick<Asset, 'taskId' | 'revision' | 'kind' | 'ref'>;

const keyIn = ({ taskId, revision, kind, ref }: Key): Key => ({ taskId, revision, kind, ref });

const textOf = ({ taskId, revision, kind, ref }: Key): string => `${taskId} ${revision} ${kind} ${ref}`;

function taskOf(taskId: string | undefined): string {
  if (!taskId) throw new InvalidInput('TASK_MISSING', 'Say of which task the assets are.');
  return taskId;
}
