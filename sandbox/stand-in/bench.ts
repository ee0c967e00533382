import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * The other side of a workshop: reads one order, writes what is made of it, and ends when nobody waits any more.
 * The folder is for files on the way and goes with the process.
 */
export async function work<Order>(make: (order: Order, folder: string) => Promise<Buffer>) {
  const folder = mkdtempSync(join(tmpdir(), 'castad-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const input = createInterface({ input: process.stdin });
  input.once('close', () => process.exit(1));
  const line = await new Promise<string>(resolve => input.once('line', resolve));
  try {
    const made = await make(JSON.parse(line) as Order, folder);
    process.stdout.write(made, () => process.exit(0));
  } catch (error) {
    process.stderr.write((error as Error).message, () => process.exit(1));
  }
}
