import 'reflect-metadata';
import { migrate } from '../src/index.ts';
import { slowMigrations } from './migrations.ts';

await migrate(slowMigrations);
