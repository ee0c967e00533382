import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { ProcessTree } from './process-tree.ts';
import { isAlive } from './test/alive.ts';

const parent = `
  import { ProcessTree } from ${JSON.stringify(join(import.meta.dirname, 'process-tree.ts'))};
  const [dir, script] = process.argv.slice(1);
  const tree = new ProcessTree({ dir, exact: true, log: console.log });
  console.log(tree.spawn({ name: 'shell', command: 'sh', args: ['-c', script] }).pid);
`;

describe('a process tree', () => {
  let dir: string;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'castad-tree-'));
  });

  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  /** A process with a tree, in it a shell, and in that one something that sleeps. */
  const startParent = async (prelude = '') => {
    const script = `${prelude} sleep 1000 & echo $!; wait`;
    child = spawn(process.execPath, ['--input-type=module', '-e', parent, dir, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [shell] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    const log = join(dir, 'logs', 'shell.log');
    await eventually(() => expect(existsSync(log) && readFileSync(log, 'utf8')).toMatch(/\n$/));
    return { parent: child, pids: [shell.toString(), readFileSync(log, 'utf8')].map(Number) };
  };

  it.each(['SIGKILL', 'SIGINT', 'SIGHUP'] as const)('leaves nothing behind when its process gets %s', async signal => {
    const { parent, pids } = await startParent();
    expect(pids.every(isAlive)).toBe(true);
    parent.kill(signal);
    await eventually(() => expect(pids.filter(isAlive)).toEqual([]), 4000);
  });

  it('leaves nothing behind that will not go', async () => {
    const { parent, pids } = await startParent('trap "" TERM;');
    parent.kill('SIGKILL');
    await eventually(() => expect(pids.filter(isAlive)).toEqual([]), 4000);
  });

  it('refuses a folder whose owner lives, and takes the next one when it may', async () => {
    const { parent } = await startParent();
    expect(() => new ProcessTree({ dir, exact: true, log: () => {} })).toThrow(
      `in use by a sandbox that runs (pid ${parent.pid})`,
    );
    const beside = new ProcessTree({ dir, exact: false, log: () => {} });
    expect(beside.dir).toBe(join(dir, '2'));
    await beside.close();
  });

  it('cleans the folder of an owner that is dead', async () => {
    const { parent } = await startParent();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const tree = new ProcessTree({ dir, exact: true, log: () => {} });
    expect(existsSync(tree.logFile('stubborn'))).toBe(false);
    await tree.close();
    expect(existsSync(join(dir, 'state.json'))).toBe(false);
  });
});
