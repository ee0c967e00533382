import 'reflect-metadata';
import { start } from '@castad/platform';
import { VideoServiceModule } from './video-service.module.ts';

await start(VideoServiceModule);
