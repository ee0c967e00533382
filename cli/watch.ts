import { fork } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { services } from '../sandbox/databases.ts';
import { Failure } from '../sandbox/failure.ts';
import type { Running } from '../sandbox/run.ts';
import { root } from '../sandbox/sandbox.ts';

/** What rspack.config.js reports after each build of a service. */
interface Build {
  /** Its folder. */
  app: string;
  errors?: string;
}

/** Rebuilds services when their sources change, and restarts those whose bundle changed, until it is told to stop. */
export async function restartOnChange({ system, stopping }: Running, log: (line: string) => void) {
  const restart = restarter(system, stopping, log);
  // An unchanged output is not written.
  const writtenAt = (app: string) => statSync(join(root, 'dist', app, 'main.js')).mtimeMs;
  const runningSince = new Map(services.map(name => [`apps/${name}`, writtenAt(`apps/${name}`)]));
  const errorsOf = new Map<string, string>();
  const nest = fork(join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), ['build', ...services, '--watch'], {
    cwd: root,
    // A terminal's Ctrl-C must not end it before us.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  nest.on('message', ({ app, errors }: Build) => {
    const name = basename(app);
    if (errors) {
      // An error in a library is shown once, however many services contain it.
      if (![...errorsOf.values()].includes(errors)) log(`\n${errors}`);
      errorsOf.set(name, errors);
      log(`${name} does not build; its process keeps running.`);
    } else {
      const wasBroken = errorsOf.delete(name);
      const isNew = writtenAt(app) !== runningSince.get(app);
      runningSince.set(app, writtenAt(app));
      if (isNew) void restart(name);
      else if (wasBroken) log(`${name} builds again, unchanged.`);
    }
  });
  const ended = once(nest, 'exit');
  const stop = () => void nest.kill();
  stopping.addEventListener('abort', stop);
  if (stopping.aborted) stop();
  else log('Services restart when their sources change.\n');
  await ended;
  if (!stopping.aborted) throw new Failure('The build that watches the sources ended.');
}

/** Restarts a service; a newer restart supersedes the one under way. */
function restarter(system: Running['system'], stopping: AbortSignal, log: (line: string) => void) {
  const latest = new Map<string, number>();
  return async (name: string) => {
    const turn = (latest.get(name) ?? 0) + 1;
    latest.set(name, turn);
    const isOver = () => stopping.aborted || latest.get(name) !== turn;
    const startedAt = Date.now();
    try {
      await system.stopService(name);
      if (isOver()) return;
      await system.startService(name);
      if (!isOver()) log(`${name} restarted in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
    } catch (error) {
      if (!isOver()) log(`\n${(error as Error).message}\n\n${name} starts again when its sources change.`);
    }
  };
}
