import { Database, InternalGuard } from '@castad/platform';
import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { Asset } from '../asset/asset.entity.ts';
import { BlobClient } from '../azure/blob.client.ts';
import { StorageServiceConfig } from '../storage-service.config.ts';
import { type AssetKey, LinksRequest, type LinksResponse } from './link.dto.ts';

@Controller('internal/links')
@UseGuards(InternalGuard)
export class LinkController {
  constructor(
    private readonly database: Database,
    private readonly blobs: BlobClient,
    private readonly config: StorageServiceConfig,
  ) {}

  /** Links to what is stored of one task's assets; one query, however many. */
  @Post()
  @HttpCode(200)
  async sign(@Body() { taskId, assets: wanted, ttlMs, downloadName }: LinksRequest): Promise<LinksResponse> {
    const keys = wanted.map(({ revision, kind, ref }) => ({ revision, kind, ref }));
    const found = await this.database.read('requests', em => em.find(Asset, { taskId, $or: keys }));
    const byKey = new Map(found.map(asset => [keyOf(asset), asset]));
    const response: LinksResponse = { links: [], missing: [], failed: [] };
    for (const { revision, kind, ref, name } of wanted) {
      const [key, asset] = [{ revision, kind, ref }, byKey.get(keyOf({ revision, kind, ref }))];
      const files = asset?.status === 'done' ? asset.files.filter(file => !name || file.name === name) : [];
      for (const { name, path, contentType, size } of files) {
        const url = await this.blobs.link(path, ttlMs ?? this.config.STORAGE_LINK_TTL_MS, downloadName);
        response.links.push({ ...key, name, url, contentType, size });
      }
      const lost = asset?.lost(name);
      if (lost) response.failed.push({ ...key, ...lost });
      else if (files.length === 0) response.missing.push(key);
    }
    return response;
  }
}

const keyOf = ({ revision, kind, ref }: AssetKey): string => `${revision} ${kind} ${ref}`;
