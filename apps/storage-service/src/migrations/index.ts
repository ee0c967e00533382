import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { AddAssetErrorDetail } from './add-asset-error-detail.ts';
import { AddAssetPhoto } from './add-asset-photo.ts';
import { CreateErasure } from './create-erasure.ts';
import { CreateAsset } from './create-asset.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-asset', class: CreateAsset },
  { name: '0007-asset-error-detail', class: AddAssetErrorDetail },
  { name: '0008-asset-photo', class: AddAssetPhoto },
  { name: '0009-erasure', class: CreateErasure },
];
