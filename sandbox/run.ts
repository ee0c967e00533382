import type { Log } from './process-tree.ts';
import { startSandbox, type Sandbox } from './sandbox.ts';
import { startSystem, type System } from './system.ts';

export interface Running {
  sandbox: Sandbox;
  system: System;
  /** Aborted by whoever wants us to stop. */
  stopping: AbortSignal;
}

interface RunOptions {
  log: Log;
  /** Of the gateway. */
  port?: number;
}

/**
 * Starts everything, does the work, and stops everything: after the work, a failure, Ctrl-C or the end of our parent.
 * False when it was stopped before the work was done.
 */
export async function run(options: RunOptions, work: (running: Running) => Promise<void>): Promise<boolean> {
  const stopping = stopRequests(options.log);
  try {
    await runUntil(stopping, options, work);
    return true;
  } catch (error) {
    if (stopping.aborted) return false;
    throw error;
  }
}

async function runUntil(stopping: AbortSignal, { log, port }: RunOptions, work: (running: Running) => Promise<void>) {
  const sandbox = await startSandbox({ log, signal: stopping, env: { SIM_MEDIA: 'real', ...process.env } });
  const giveUp = () => void sandbox.stop();
  try {
    stopping.addEventListener('abort', giveUp);
    const system = await startSystem({ sandbox, port });
    stopping.removeEventListener('abort', giveUp);
    try {
      await work({ sandbox, system, stopping });
    } catch (error) {
      if (!stopping.aborted) log(`\nThe logs of all services are in ${sandbox.dir}/logs.`);
      throw error;
    } finally {
      await system.stop();
    }
  } finally {
    await sandbox.stop();
  }
}

/** Aborted by Ctrl-C, a signal, or the end of our parent; asked again, we exit at once. */
export function stopRequests(log: Log): AbortSignal {
  const controller = new AbortController();
  let askedAt = 0;
  const ask = () => {
    // Ctrl-C may reach us twice: from the terminal, and from the process that started us.
    if (askedAt && Date.now() - askedAt > 1000) process.exit(130);
    if (askedAt) return;
    askedAt = Date.now();
    log('Stopping (once more to stop at once) ...');
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  const parent = process.ppid;
  // A parent that was killed could not tell us.
  if (process.env.CASTAD_PARENT === String(parent)) {
    setInterval(() => void (process.ppid !== parent && !askedAt && ask()), 500).unref();
  }
  return controller.signal;
}
