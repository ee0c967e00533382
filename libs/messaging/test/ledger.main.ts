import 'reflect-metadata';
import { start } from '@castad/platform';
import { ledger } from './ledger.ts';

await start(ledger('song-service'));
