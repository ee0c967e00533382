import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { CreateAsset } from './create-asset.ts';

export const migrations = [...messagingMigrations, ...workerMigrations, { name: '0003-asset', class: CreateAsset }];
