import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { patience } from '../patience.ts';

/** Waits until the condition holds. */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs = 10_000) {
  const deadline = Date.now() + withinMs * patience();
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`);
    await pause(20);
  }
}

/** A process that ended, but that nobody has asked about yet, is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
