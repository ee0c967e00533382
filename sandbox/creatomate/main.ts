import { run } from '../stand-in/run.ts';
import { creatomate } from './creatomate.ts';

await run(creatomate);
