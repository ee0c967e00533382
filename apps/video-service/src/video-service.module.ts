import { InboxRow, MessagingModule, OutboxRow } from '@castad/messaging';
import { PlatformModule } from '@castad/platform';
import { Bucket, Cancellation } from '@castad/worker';
import { Module } from '@nestjs/common';
import { CreatomateClient } from './creatomate/creatomate.client.ts';
import { StorageClient } from './storage/storage.client.ts';
import { VideoServiceConfig } from './video-service.config.ts';
import { CreatomateCallbackController } from './video/creatomate-callback.controller.ts';
import { Template } from './video/template.entity.ts';
import { TemplateStore } from './video/template.store.ts';
import { Video } from './video/video.entity.ts';
import { VideoHandlers } from './video/video.handlers.ts';
import { VideoRestorers } from './video/video.restorers.ts';
import { VideoWorker } from './video/video.worker.ts';

const service = 'video-service';
const entities = [Video, Template, Bucket, Cancellation, InboxRow, OutboxRow];

@Module({
  imports: [
    PlatformModule.forService({ service, config: VideoServiceConfig, entities }),
    MessagingModule.forService(service),
  ],
  controllers: [VideoHandlers, VideoRestorers, CreatomateCallbackController],
  providers: [VideoWorker, TemplateStore, CreatomateClient, StorageClient],
})
export class VideoServiceModule {}
