import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { CreateVideo } from './create-video.ts';

export const migrations = [...messagingMigrations, ...workerMigrations, { name: '0003-video', class: CreateVideo }];
