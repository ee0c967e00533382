import 'reflect-metadata';
import { start } from '@castad/platform';
import { SongServiceModule } from './song-service.module.ts';

await start(SongServiceModule);
