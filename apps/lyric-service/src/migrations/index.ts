import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { AddLyricDrafts } from './add-lyric-drafts.ts';
import { AddLyricErrorDetail } from './add-lyric-error-detail.ts';
import { CreateLyric } from './create-lyric.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-lyric', class: CreateLyric },
  { name: '0007-lyric-error-detail', class: AddLyricErrorDetail },
  { name: '0008-lyric-drafts', class: AddLyricDrafts },
];
