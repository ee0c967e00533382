import { run } from '../stand-in/run.ts';
import { openai } from './openai.ts';

await run(openai);
