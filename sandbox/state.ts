import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from './failure.ts';

/** What `.sandbox/state.json` says about one running process. */
export interface PartState {
  name: string;
  address: string;
  pid: number | null;
  url?: string;
  log: string;
}

interface State extends Identity {
  parts: PartState[];
}

/** A pid alone may have been given to another process since. */
interface Identity {
  pid: number;
  born: string;
}

/** What runs in the first folder (`dir`, or `2`, `3`, ... inside it) whose owner is alive. */
export function runningParts(dir: string): PartState[] {
  for (let number = 1; ; number++) {
    const file = join(number === 1 ? dir : join(dir, String(number)), 'state.json');
    if (existsSync(file)) {
      const state = JSON.parse(readFileSync(file, 'utf8')) as State;
      if (isAlive(state)) return state.parts;
    } else if (number > 1) return [];
  }
}

/** A folder that belongs to one live process, and the file in it that says what runs. */
export class StateFolder {
  readonly dir: string;
  readonly #identity = identify(process.pid);

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Takes the folder, or the next one inside it (`2`, `3`, ...) while others are in use; `exact` refuses instead. */
  static claim(dir: string, exact: boolean): StateFolder {
    for (let number = 1; number < 100; number++) {
      const folder = new StateFolder(number === 1 ? dir : join(dir, String(number)));
      const owner = folder.#take();
      if (!owner) return folder;
      if (exact) {
        throw new Failure(`${dir} is in use by a sandbox that runs (pid ${owner.pid}).`, {
          next: `stop it (kill ${owner.pid}), or choose another folder.`,
        });
      }
    }
    throw new Failure(`${dir} holds too many running sandboxes.`);
  }

  get file() {
    return join(this.dir, 'state.json');
  }

  write(parts: PartState[]) {
    const state: State = { ...this.#identity, parts };
    const draft = `${this.file}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.file);
  }

  /** Keeps the logs: they may be all that tells what went wrong. */
  release() {
    rmSync(join(this.dir, 'data'), { recursive: true, force: true, maxRetries: 5 });
    rmSync(this.file, { force: true });
  }

  #take(): Identity | undefined {
    mkdirSync(this.dir, { recursive: true });
    const draft = `${this.file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify({ ...this.#identity, parts: [] } satisfies State), { mode: 0o600 });
    try {
      linkSync(draft, this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const state = JSON.parse(readFileSync(this.file, 'utf8')) as State;
      if (isAlive(state)) return state;
      renameSync(draft, this.file);
    } finally {
      rmSync(draft, { force: true });
    }
    for (const leftover of ['data', 'logs']) {
      rmSync(join(this.dir, leftover), { recursive: true, force: true, maxRetries: 5 });
    }
    for (const folder of ['data', 'logs']) mkdirSync(join(this.dir, folder));
    return undefined;
  }
}

function isAlive({ pid, born }: Identity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return identify(pid).born === born;
}

function identify(pid: number): Identity {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, born: afterName[19] ?? '' };
  } catch {
    return { pid, born: '' };
  }
}
