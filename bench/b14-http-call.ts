import axios, { type AxiosInstance } from 'axios';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent as NodeAgent } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Agent } from 'undici';
import { undiciAdapter } from '../libs/platform/src/http-adapter.ts';
import { figure, median, type Figure } from './stats.ts';

const ROUNDS = 9;
const CALLS = 4_000;
const AT_ONCE = 10;

/** As large as the order of a song. */
const ORDER = { title: 'Sea Breeze', style: 'bright acoustic pop', prompt: 'la '.repeat(400) };
const HEADERS = { authorization: 'Bearer bench' };
const COMMON = { timeout: 60_000, maxContentLength: 4 * 1024 * 1024, validateStatus: () => true };

/** B14: CPU time of one call to a provider, over undici and over axios's own adapter in turn. */
export async function b14(): Promise<Record<string, Figure>> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'answerer.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const url = line.replace('listening ', '');
    const agent = new Agent({ connections: AT_ONCE, allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
    const httpAgent = new NodeAgent({ keepAlive: true, maxSockets: AT_ONCE, scheduling: 'lifo' });
    const ours = axios.create({ ...COMMON, adapter: undiciAdapter(agent) });
    const theirs = axios.create({ ...COMMON, httpAgent, proxy: false, maxRedirects: 0 });
    const [microseconds, axiosMicroseconds]: [number[], number[]] = [[], []];
    for (const http of [ours, theirs]) await cpuPerCall(http, url);
    for (let round = 0; round < ROUNDS; round++) {
      microseconds.push(await cpuPerCall(ours, url));
      axiosMicroseconds.push(await cpuPerCall(theirs, url));
    }
    const details = { calls: CALLS, atOnce: AT_ONCE, axiosMicroseconds: Math.round(median(axiosMicroseconds)) };
    return {
      B14: figure(microseconds, { unit: 'µs CPU/call', goal: 200, stretch: 100, details }),
      'B14.ratio': figure(
        microseconds.map((value, i) => value / (axiosMicroseconds[i] as number)),
        { unit: 'over undici / over axios', goal: 0.7, stretch: 0.6 },
      ),
    };
  } finally {
    server.kill();
  }
}

async function cpuPerCall(http: AxiosInstance, url: string): Promise<number> {
  let left = CALLS;
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await http.post(url, ORDER, { headers: HEADERS });
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}
