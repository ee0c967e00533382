import 'reflect-metadata';
import { migrate } from '@castad/platform';
import { migrations } from './migrations/index.ts';

await migrate(migrations);
