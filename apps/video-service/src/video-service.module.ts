import { InboxRow, MessagingModule, OutboxRow } from '@castad/messaging';
import { PlatformModule } from '@castad/platform';
import { Bucket, Cancellation } from '@castad/worker';
import { Module } from '@nestjs/common';
import { CreatomateClient } from './creatomate/creatomate.client.ts';
import { StorageClient } from './storage/storage.client.ts';
import { VideoServiceConfig } from './video-service.config.ts';
import { Template } from './template/template.entity.ts';
import { TemplateCheckController } from './template/template-check.controller.ts';
import { TemplateChecks } from './template/template.checks.ts';
import { TemplateController } from './template/template.controller.ts';
import { TemplateList } from './template/template-list.ts';
import { TemplateStore } from './template/template.store.ts';
import { TemplateWatch } from './template/template.watch.ts';
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
  controllers: [VideoHandlers, VideoRestorers, TemplateCheckController, TemplateController],
  providers: [VideoWorker, TemplateStore, TemplateChecks, TemplateList, TemplateWatch, CreatomateClient, StorageClient],
})
export class VideoServiceModule {}
