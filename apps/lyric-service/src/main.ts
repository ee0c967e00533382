import 'reflect-metadata';
import { start } from '@castad/platform';
import { LyricServiceModule } from './lyric-service.module.ts';

await start(LyricServiceModule);
