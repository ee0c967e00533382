import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { AddSongRetry } from './add-song-retry.ts';
import { CreateSong } from './create-song.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-song', class: CreateSong },
  { name: '0005-song-retry', class: AddSongRetry },
];
