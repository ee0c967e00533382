import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { CreateLyric } from './create-lyric.ts';

export const migrations = [...messagingMigrations, ...workerMigrations, { name: '0003-lyric', class: CreateLyric }];
