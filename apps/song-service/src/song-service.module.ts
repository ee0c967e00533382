import { InboxRow, MessagingModule, OutboxRow } from '@castad/messaging';
import { PlatformModule, SourceClient } from '@castad/platform';
import { Bucket, Cancellation } from '@castad/worker';
import { Module } from '@nestjs/common';
import { SongServiceConfig } from './song-service.config.ts';
import { Song } from './song/song.entity.ts';
import { SongHandlers } from './song/song.handlers.ts';
import { SongRestorers } from './song/song.restorers.ts';
import { SongWorker } from './song/song.worker.ts';
import { TrackMeter } from './song/track-meter.ts';
import { SunoClient } from './suno/suno.client.ts';

const service = 'song-service';

@Module({
  imports: [
    PlatformModule.forService({
      service,
      config: SongServiceConfig,
      entities: [Song, Bucket, Cancellation, InboxRow, OutboxRow],
    }),
    MessagingModule.forService(service),
  ],
  controllers: [SongHandlers, SongRestorers],
  providers: [SongWorker, SourceClient, SunoClient, TrackMeter],
})
export class SongServiceModule {}
