import { InboxRow, MessagingModule, OutboxRow } from '@castad/messaging';
import { PlatformModule, SourceClient } from '@castad/platform';
import { Bucket, Cancellation } from '@castad/worker';
import { Module } from '@nestjs/common';
import { Asset } from './asset/asset.entity.ts';
import { AssetHandlers } from './asset/asset.handlers.ts';
import { AssetRestorers } from './asset/asset.restorers.ts';
import { AssetWorker } from './asset/asset.worker.ts';
import { BlobClient } from './azure/blob.client.ts';
import { Erasure } from './erasure/erasure.entity.ts';
import { ErasureWorker } from './erasure/erasure.worker.ts';
import { ImageController } from './image/image.controller.ts';
import { ImageService } from './image/image.service.ts';
import { LinkController } from './link/link.controller.ts';
import { StorageServiceConfig } from './storage-service.config.ts';

const service = 'storage-service';

@Module({
  imports: [
    PlatformModule.forService({
      service,
      config: StorageServiceConfig,
      entities: [Asset, Erasure, Bucket, Cancellation, InboxRow, OutboxRow],
    }),
    MessagingModule.forService(service),
  ],
  controllers: [AssetHandlers, AssetRestorers, ImageController, LinkController],
  providers: [AssetWorker, ErasureWorker, BlobClient, SourceClient, ImageService],
})
export class StorageServiceModule {}
