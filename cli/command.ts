import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../sandbox/failure.ts';
import { root } from '../sandbox/sandbox.ts';

/** Runs a command and exits. A Failure is printed with what to do; any other error with its stack. */
export async function command(work: () => Promise<void>): Promise<never> {
  try {
    const settings = join(root, '.env');
    if (existsSync(settings)) process.loadEnvFile(settings);
    await work();
  } catch (error) {
    console.error(error instanceof Failure ? `\n${error.message}` : error);
    process.exit(1);
  }
  process.exit();
}
