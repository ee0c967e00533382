import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { AddFailedJob } from './add-failed-job.ts';
import { AddSongErrorDetail } from './add-song-error-detail.ts';
import { AddSongRetry } from './add-song-retry.ts';
import { CreateSong } from './create-song.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-song', class: CreateSong },
  { name: '0005-song-retry', class: AddSongRetry },
  { name: '0007-song-error-detail', class: AddSongErrorDetail },
  { name: '0008-song-failed-job', class: AddFailedJob },
];
