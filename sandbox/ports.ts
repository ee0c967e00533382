import { createServer } from 'node:net';

const given = new Set<number>();

/**
 * A free port from below the ephemeral range: whoever gets it must be able to bind it again after a crash, when an
 * outgoing connection of any other process could hold an ephemeral one.
 */
export async function freePort(preferred?: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = attempt === 0 && preferred ? preferred : 12_000 + Math.floor(Math.random() * 20_000);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error('found no free port between 12000 and 32000');
}

export function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
