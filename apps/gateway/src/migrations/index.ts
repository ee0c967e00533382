import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { KeepAttempts } from './keep-attempts.ts';
import { CreateProject } from './create-project.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-project', class: CreateProject },
  { name: '0005-attempts', class: KeepAttempts },
];
