import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { CreateSong } from './create-song.ts';

export const migrations = [...messagingMigrations, ...workerMigrations, { name: '0003-song', class: CreateSong }];
