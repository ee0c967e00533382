import { Failure } from '../sandbox/failure.ts';

/** Runs a command to its exit code; says of a failure what its reader can do, and of a fault of ours everything. */
export async function command(work: () => Promise<void>): Promise<never> {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof Failure ? `\n${error.message}` : error);
    process.exit(1);
  }
  process.exit();
}
