import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { AddAssetErrorDetail } from './add-asset-error-detail.ts';
import { CreateAsset } from './create-asset.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-asset', class: CreateAsset },
  { name: '0007-asset-error-detail', class: AddAssetErrorDetail },
];
