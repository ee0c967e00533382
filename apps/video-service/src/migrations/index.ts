import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { AddVideoErrorDetail } from './add-video-error-detail.ts';
import { AddVideoRetry } from './add-video-retry.ts';
import { AddPreview } from './add-preview.ts';
import { AddOtherTracks } from './add-other-tracks.ts';
import { AddTemplateCheck } from './add-template-check.ts';
import { CreateVideo } from './create-video.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-video', class: CreateVideo },
  { name: '0005-video-retry', class: AddVideoRetry },
  { name: '0007-video-error-detail', class: AddVideoErrorDetail },
  { name: '0008-template-check', class: AddTemplateCheck },
  { name: '0009-other-tracks', class: AddOtherTracks },
  { name: '0010-preview', class: AddPreview },
];
