import { run } from '../stand-in/run.ts';
import { suno } from './suno.ts';

await run(suno);
