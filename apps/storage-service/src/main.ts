import 'reflect-metadata';
import { start } from '@castad/platform';
import { acceptStreams } from './image/accept-streams.ts';
import { StorageServiceModule } from './storage-service.module.ts';

await start(StorageServiceModule, { http: acceptStreams });
