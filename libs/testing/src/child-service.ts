import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../../sandbox/ports.ts';
import { works } from '../../../sandbox/probes.ts';
import { eventually } from '../../../sandbox/eventually.ts';
import type { TestBed } from './service-harness.ts';

/** A service in a process of its own: for deaths that no test in the same process would survive. */
export interface ChildService {
  url: string;
  /** Resolves when it is gone, with its exit code; null: it died of the signal. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/** Runs a main file in TypeScript; resolves when the service answers requests and handles messages. */
export async function startChild(
  { sandbox: { tree } }: TestBed,
  main: string,
  env: Record<string, string>,
): Promise<ChildService> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = tree.spawn({
    name: `child-${port}`,
    command: process.execPath,
    args: ['--import', join(import.meta.dirname, 'swc-hooks.js'), main],
    env: { ...process.env, ...env, PORT: String(port) },
  });
  const exited = once(child, 'exit');
  await eventually(async () => {
    if (!(await works(url))) throw new Error(`see ${tree.logFile(`child-${port}`)}`);
  }, 30_000);
  return {
    url,
    kill: async signal => {
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}
