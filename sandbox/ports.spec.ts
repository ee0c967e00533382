import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './ports.ts';

const script = `
const { freePort } = await import(${JSON.stringify(join(import.meta.dirname, 'ports.ts'))});
const ports = [];
for (let i = 0; i < 200; i++) ports.push(await freePort());
console.log(ports.join());
process.stdin.resume();
`;

/** Says which ports it was given and keeps them, unbound, until its input ends. */
function taker() {
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function firstLine(child: ReturnType<typeof taker>): Promise<string> {
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
}

describe('freePort', () => {
  it('gives no port to two processes, though nobody has bound it yet', async () => {
    const takers = Array.from({ length: 8 }, taker);
    const lines = await Promise.all(takers.map(firstLine));
    takers.forEach(child => child.stdin.end());
    const ports = lines.flatMap(line => line.split(','));
    expect(ports).toHaveLength(1600);
    expect(new Set(ports).size).toBe(1600);
  });

  it('gives the preferred port only while it is free', async () => {
    const port = await freePort();
    expect(await freePort(port)).toBe(port);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await freePort(port)).not.toBe(port);
    server.close();
  });
});
