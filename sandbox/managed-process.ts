import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command, ProcessTree } from './process-tree.ts';
import { Failure } from './failure.ts';
import type { PartState } from './state.ts';

export interface ProcessSpec extends Command {
  /** Where others reach it. */
  address: string;
  /** A database's whole URL. */
  url?: string;
  isReady(): Promise<boolean>;
  /** How long it may take to end by itself. */
  graceMs?: number;
  /** What to do when it does not start. */
  next?: string;
}

const readyMs = 90_000;
const firstDelayMs = 200;
const longestDelayMs = 5000;
/** Whoever lived this long has recovered: the next crash is a new story. */
const steadyMs = 10_000;

/** A process that is started again when it dies, as an orchestrator would. */
export class ManagedProcess {
  readonly #spec: ProcessSpec;
  readonly #tree: ProcessTree;
  #child?: ChildProcess;
  #ended: Promise<string> = Promise.resolve('never started');
  /** From `start` to `stop`. */
  #isWanted = false;
  #wasReady = false;
  #delayMs = firstDelayMs;
  #timer?: NodeJS.Timeout;

  constructor(spec: ProcessSpec, tree: ProcessTree) {
    this.#spec = spec;
    this.#tree = tree;
  }

  get name() {
    return this.#spec.name;
  }

  get address() {
    return this.#spec.address;
  }

  get pid() {
    return this.#child?.pid;
  }

  get logFile() {
    return this.#tree.logFile(this.name);
  }

  get state(): PartState {
    const { name, address, url } = this.#spec;
    return { name, address, pid: this.pid ?? null, ...(url && { url }), log: this.logFile };
  }

  /** Resolves when it is ready; from then on it is started again when it dies. */
  async start() {
    if (this.#child) return;
    this.#isWanted = true;
    this.#wasReady = false;
    this.#delayMs = firstDelayMs;
    clearTimeout(this.#timer);
    this.#spawn();
    const ended = await Promise.race([this.#ended, this.waitReady()]);
    if (ended) throw this.#failure(`ended before it was ready (${ended})`);
    this.#wasReady = true;
  }

  /** Waits through restarts. */
  async waitReady(timeoutMs = readyMs): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(this.#child && (await this.#spec.isReady().catch(() => false)))) {
      if (!this.#child && !this.#isSupervised) throw this.#failure('is not running');
      if (Date.now() > deadline) throw this.#failure(`is not ready after ${timeoutMs / 1000} s`);
      await pause(50);
    }
  }

  /** Sends a signal; when a deadly one has done its work, says how it ended. The process is started again. */
  async kill(signal: NodeJS.Signals): Promise<string | undefined> {
    const ended = this.#ended;
    this.#signal(signal);
    return ['SIGKILL', 'SIGTERM', 'SIGINT'].includes(signal) ? ended : undefined;
  }

  /** Ends it for good; says how it ended. */
  async stop(graceMs = this.#spec.graceMs ?? 5000): Promise<string> {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    if (!this.#child) return this.#ended;
    this.#signal('SIGTERM');
    this.#signal('SIGCONT');
    const killer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    const how = await this.#ended;
    clearTimeout(killer);
    return how;
  }

  get #isSupervised() {
    return this.#isWanted && this.#wasReady;
  }

  #spawn() {
    const child = this.#tree.spawn(this.#spec);
    const startedAt = Date.now();
    this.#child = child;
    this.#tree.changed();
    this.#ended = new Promise(resolve => {
      const ended = (how: string) => {
        this.#child = undefined;
        this.#tree.changed();
        resolve(how);
        if (this.#isSupervised) this.#startAgain(how, Date.now() - startedAt);
      };
      child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
      child.once('error', error => ended(error.message));
    });
  }

  #startAgain(how: string, livedMs: number) {
    if (livedMs > steadyMs) this.#delayMs = firstDelayMs;
    this.#tree.log(`${this.name} ended (${how}); starting it again in ${this.#delayMs / 1000} s. Log: ${this.logFile}`);
    this.#timer = setTimeout(() => this.#spawn(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs);
  }

  #signal(signal: NodeJS.Signals) {
    const pid = this.pid;
    if (!pid) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended in this instant.
    }
  }

  #failure(what: string) {
    return new Failure(`${this.name} ${what}.`, { log: this.logFile, next: this.#spec.next });
  }
}
