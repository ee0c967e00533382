import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Makes files in a process of its own, one at a time, so that whoever answers calls meanwhile stays quick. */
export class Workshop {
  readonly #script: string;
  readonly #working = new Set<ChildProcess>();
  #last: Promise<unknown> = Promise.resolve();
  #batch = new AbortController();

  constructor(script: URL) {
    this.#script = fileURLToPath(script);
  }

  /** What the script makes of the order. @throws Error with the script's own words */
  make(order: unknown): Promise<Buffer> {
    const { signal } = this.#batch;
    const made = this.#last.then(() => {
      signal.throwIfAborted();
      return this.#run(JSON.stringify(order));
    });
    this.#last = made.catch(() => undefined);
    return made;
  }

  /** Drops what is being made and all that waits. */
  clear() {
    this.#batch.abort(new Error('The order was cancelled.'));
    this.#batch = new AbortController();
    for (const child of this.#working) child.stdin?.end();
  }

  #run(order: string): Promise<Buffer> {
    // The script ends with its standard input: when it is given up, or we end, however that is.
    const child = spawn(process.execPath, [this.#script], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#working.add(child);
    const [made, said]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => made.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${order}\n`);
    return new Promise<Buffer>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(Buffer.concat(made));
        else reject(new Error(Buffer.concat(said).toString().trim() || `stopped by ${signal ?? code}`));
      });
    }).finally(() => this.#working.delete(child));
  }
}
