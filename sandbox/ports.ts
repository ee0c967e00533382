import { createServer, type Server } from 'node:net';

/**
 * Below the ephemeral range: whoever gets a port must be able to bind it again after a crash, when an outgoing
 * connection of any other process could hold an ephemeral one.
 */
const [lowest, highest, blockSize] = [12_000, 32_000, 50];
const blocks = (highest - lowest) / blockSize;

const reserved: number[] = [];

/** A free port that no other process is given as long as this one lives: it is often bound only seconds later. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred && (await isFree(preferred))) return preferred;
  for (;;) {
    const port = reserved.pop();
    if (port === undefined) reserved.push(...(await reserveBlock()));
    else if (await isFree(port)) return port;
  }
}

export async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (!server) return false;
  await new Promise(resolve => server.close(resolve));
  return true;
}

/** A block belongs to the process that listens on its first port; the kernel gives it back when that process ends. */
async function reserveBlock(): Promise<number[]> {
  const start = Math.floor(Math.random() * blocks);
  for (let i = 0; i < blocks; i++) {
    const first = lowest + ((start + i) % blocks) * blockSize;
    const holder = await listen(first);
    if (!holder) continue;
    holder.unref();
    return Array.from({ length: blockSize - 1 }, (_, index) => first + 1 + index);
  }
  throw new Error(`found no free port between ${lowest} and ${highest}`);
}

function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise(resolve => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
