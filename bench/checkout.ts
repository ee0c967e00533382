import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../sandbox/failure.ts';
import { root } from '../sandbox/sandbox.ts';
import { stopping, undoable } from './ending.ts';

export interface Checkout {
  /** As short as git writes it. */
  commit: string;
  /** Its services, built. */
  dist: string;
}

/** The services of another commit, built from a work tree of their own, which goes away with us. */
export async function checkOut(revision: string): Promise<Checkout> {
  const found = await git('rev-parse', '--short', '--verify', `${revision}^{commit}`).catch((cause: unknown) => {
    throw new Failure(`There is no commit ${revision}.`, { next: 'look it up with `git log`.', cause });
  });
  const commit = found.trim();
  const parent = await mkdtemp(join(tmpdir(), 'castad-against-'));
  const dir = join(parent, commit);
  const making = make(dir, commit);
  undoable(async () => {
    await making.catch(() => undefined);
    await git('worktree', 'remove', '--force', dir).catch(() => undefined);
    await rm(parent, { recursive: true, force: true });
  });
  await making;
  return { commit, dist: join(dir, 'dist') };
}

async function make(dir: string, commit: string): Promise<void> {
  console.log(`Checking out ${commit} ...`);
  await git('worktree', 'add', '--detach', dir, commit);
  await install(dir);
  console.log(`Building the services of ${commit} ...`);
  await run(process.execPath, [join('node_modules', '.bin', 'nest'), 'build', '--all'], dir, stopping);
}

/** Packages are linked to ours where the same ones are wanted. */
async function install(dir: string): Promise<void> {
  const lock = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  if (existsSync(join(dir, 'package-lock.json')) && lock(dir) === lock(root)) {
    const linked = run('cp', ['-al', join(root, 'node_modules'), dir], root, stopping).then(() => true);
    // Not from one file system to another.
    if (await linked.catch(() => false)) return;
    await rm(join(dir, 'node_modules'), { recursive: true, force: true });
  }
  console.log('Installing its packages (npm ci) ...');
  await run('npm', ['ci', '--include=dev', '--include=optional', '--loglevel=error'], dir, stopping);
}

const git = (...args: string[]) => run('git', args, root);

async function run(command: string, args: string[], cwd: string, signal?: AbortSignal): Promise<string> {
  const running = promisify(execFile)(command, args, { cwd, signal, maxBuffer: 64 * 1024 * 1024 });
  const closed = once(running.child, 'close').catch(() => undefined);
  try {
    return (await running).stdout;
  } catch (error) {
    // What is aborted has not ended yet.
    await closed;
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Failure(`\`${command} ${args.join(' ')}\` failed in ${cwd}.\n\n${stdout}${stderr}`, { cause: error });
  }
}
