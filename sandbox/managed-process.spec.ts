import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { ManagedProcess } from './managed-process.ts';
import { freePort } from './ports.ts';
import { answers } from './probes.ts';
import { ProcessTree } from './process-tree.ts';
import type { PartState } from './state.ts';
import { isAlive } from './test/alive.ts';

describe('a managed process', () => {
  let dir: string;
  let tree: ProcessTree;
  let lines: string[];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'castad-tree-'));
    lines = [];
    tree = new ProcessTree({ dir, exact: true, log: line => lines.push(line) });
  });

  afterEach(async () => {
    await tree.close();
    rmSync(dir, { recursive: true });
  });

  const add = async (script: string, options: { graceMs?: number } = {}): Promise<ManagedProcess> => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    return tree.add({
      name: 'echo',
      command: process.execPath,
      args: ['-e', script],
      env: { PORT: String(port) },
      address: url,
      isReady: () => answers(url),
      ...options,
    });
  };
  const server = 'require("http").createServer((_, r) => r.end("ok")).listen(process.env.PORT, "127.0.0.1");';
  const stateOf = (): PartState[] => {
    const state = JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8')) as { parts: PartState[] };
    return state.parts;
  };

  it('is started again at the same address when it dies, and says so', async () => {
    const echo = await add(server);
    await echo.start();
    const first = echo.pid;
    await echo.kill('SIGKILL');
    await echo.waitReady();
    expect(echo.pid).not.toBe(first);
    expect(lines).toEqual([
      expect.stringMatching(/^echo ended \(SIGKILL\); starting it again in 0.2 s. Log: .*echo.log$/),
    ]);
    expect(stateOf()).toEqual([{ name: 'echo', address: echo.address, pid: echo.pid, log: echo.logFile }]);
  });

  it('waits longer before each new start of a process that keeps dying', async () => {
    const echo = await add(
      `${server} setTimeout(() => process.exit(7), require("fs").existsSync("${dir}/broken") ? 0 : 300)`,
    );
    await echo.start();
    writeFileSync(join(dir, 'broken'), '');
    await eventually(() => expect(lines).toHaveLength(3));
    expect(lines.map(line => /\((.*)\).* in (.*) s/.exec(line)?.slice(1))).toEqual([
      ['exit code 7', '0.2'],
      ['exit code 7', '0.4'],
      ['exit code 7', '0.8'],
    ]);
  });

  it('stays down when it is stopped', async () => {
    const echo = await add(server);
    await echo.start();
    await echo.stop();
    expect(echo.pid).toBeUndefined();
    expect(stateOf()).toEqual([expect.objectContaining({ name: 'echo', pid: null })]);
    await echo.start();
    expect(echo.pid).toBeDefined();
  });

  it('is killed when it ignores the request to end', async () => {
    const echo = await add(`${server} process.on("SIGTERM", () => {})`, { graceMs: 100 });
    await echo.start();
    const { pid = 0 } = echo;
    await echo.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('that does not start shows the end of its log and what to do', async () => {
    const echo = tree.add({
      name: 'broken',
      command: process.execPath,
      args: ['-e', 'console.error("no such table"); process.exit(3)'],
      address: '',
      isReady: () => Promise.resolve(false),
      next: 'read the manual.',
    });
    await expect(echo.start()).rejects.toThrow(
      /^broken ended before it was ready \(exit code 3\)\.\n\nLast lines of .*broken\.log:\n {2}no such table\n\nWhat to do: read the manual\.$/,
    );
  });

  it('whose program is missing is a failed start', async () => {
    const echo = tree.add({
      name: 'ghost',
      command: '/nowhere/ghost',
      args: [],
      address: '',
      isReady: () => Promise.resolve(false),
    });
    await expect(echo.start()).rejects.toThrow('ghost ended before it was ready (spawn /nowhere/ghost ENOENT)');
  });

  it('cannot start while everything is being stopped', async () => {
    const echo = await add(server);
    const job = tree.run({ name: 'job', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] });
    await Promise.all([expect(job).rejects.toThrow('job failed (SIGKILL)'), tree.close()]);
    await expect(echo.start()).rejects.toThrow('everything is being stopped');
    await tree.remove(echo);
    expect(existsSync(join(dir, 'state.json'))).toBe(false);
  });
});
