import { createInterface } from 'node:readline';

/** The other side of a workshop: reads one order, writes what is made of it, and ends when nobody waits any more. */
export async function work<Order>(make: (order: Order) => Promise<Buffer>) {
  const input = createInterface({ input: process.stdin });
  input.once('close', () => process.exit(1));
  const [line] = (await new Promise<string[]>(resolve => input.once('line', text => resolve([text])))) as [string];
  try {
    const made = await make(JSON.parse(line) as Order);
    process.stdout.write(made, () => process.exit(0));
  } catch (error) {
    process.stderr.write((error as Error).message, () => process.exit(1));
  }
}
