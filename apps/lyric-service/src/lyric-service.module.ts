import { InboxRow, MessagingModule, OutboxRow } from '@castad/messaging';
import { PlatformModule } from '@castad/platform';
import { Bucket, Cancellation } from '@castad/worker';
import { Module } from '@nestjs/common';
import { LyricServiceConfig } from './lyric-service.config.ts';
import { LyricJob } from './lyric/lyric.entity.ts';
import { LyricHandlers } from './lyric/lyric.handlers.ts';
import { LyricRestorers } from './lyric/lyric.restorers.ts';
import { LyricWorker } from './lyric/lyric.worker.ts';
import { OpenAiClient } from './openai/openai.client.ts';

const service = 'lyric-service';

@Module({
  imports: [
    PlatformModule.forService({
      service,
      config: LyricServiceConfig,
      entities: [LyricJob, Bucket, Cancellation, InboxRow, OutboxRow],
    }),
    MessagingModule.forService(service),
  ],
  controllers: [LyricHandlers, LyricRestorers],
  providers: [LyricWorker, OpenAiClient],
})
export class LyricServiceModule {}
