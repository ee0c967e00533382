import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { ManagedProcess, type ProcessSpec } from './managed-process.ts';
import { Failure } from './failure.ts';
import { StateFolder } from './state.ts';

export type Log = (line: string) => void;

export interface Command {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** Every process of one sandbox: where it logs, what the state file says of it, and that it never outlives us. */
export class ProcessTree {
  readonly log: Log;
  readonly #folder: StateFolder;
  readonly #guardian: ChildProcess;
  readonly #processes = new Set<ManagedProcess>();
  readonly #jobs = new Set<ChildProcess>();
  #closing?: Promise<void>;

  constructor({ dir, exact, log }: { dir: string; exact: boolean; log: Log }) {
    this.log = log;
    this.#folder = StateFolder.claim(dir, exact);
    this.#guardian = spawn(process.execPath, [join(import.meta.dirname, 'guardian.ts')], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
    });
    this.#guardian.stdin?.on('error', () => log('The process that guards against leftovers is gone.'));
    this.#guardian.unref();
  }

  get dir() {
    return this.#folder.dir;
  }

  /** A folder that goes away with the tree. */
  data(name: string) {
    return join(this.dir, 'data', name);
  }

  logFile(name: string) {
    return join(this.dir, 'logs', `${name}.log`);
  }

  add(spec: ProcessSpec): ManagedProcess {
    const managed = new ManagedProcess(spec, this);
    this.#processes.add(managed);
    return managed;
  }

  /** Stops and forgets. */
  async remove(managed: ManagedProcess, graceMs?: number) {
    await managed.stop(graceMs);
    this.#processes.delete(managed);
    this.changed();
  }

  /** Starts a process in a group of its own: Ctrl-C reaches us alone, and the group is ended as a whole. */
  spawn({ name, command, args, env, cwd }: Command): ChildProcess {
    if (this.#closing) throw new Error(`${name} cannot start: everything is being stopped`);
    const output = openSync(this.logFile(name), 'a');
    const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output], env, cwd });
    closeSync(output);
    const { pid } = child;
    if (pid) {
      this.#tellGuardian(pid);
      child.once('exit', () => this.#tellGuardian(-pid));
    }
    return child;
  }

  /** Runs a command to its end. */
  async run(command: Command, next?: string) {
    const child = this.spawn(command);
    this.#jobs.add(child);
    const exit = once(child, 'exit').finally(() => this.#jobs.delete(child));
    const [code, signal] = (await exit.catch((cause: unknown) => {
      throw new Failure(`${command.name} could not be started: ${command.command}`, { next, cause });
    })) as [number | null, string | null];
    const log = this.logFile(command.name);
    if (code !== 0) throw new Failure(`${command.name} failed (${signal ?? `exit code ${code}`}).`, { log, next });
  }

  changed() {
    if (!this.#closing) this.#folder.write([...this.#processes].map(managed => managed.state));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close() {
    const jobs = [...this.#jobs].map(job => this.#abort(job));
    await Promise.all([...jobs, ...[...this.#processes].map(managed => managed.stop())]);
    this.#folder.release();
    this.#guardian.stdin?.end();
  }

  async #abort(job: ChildProcess) {
    const ended = once(job, 'exit');
    if (job.pid) process.kill(-job.pid, 'SIGKILL');
    await ended;
  }

  #tellGuardian(pid: number) {
    this.#guardian.stdin?.write(`${pid}\n`);
  }
}
