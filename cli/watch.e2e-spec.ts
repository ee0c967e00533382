import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { services } from '../sandbox/databases.ts';
import { freePort } from '../sandbox/ports.ts';
import { root } from '../sandbox/sandbox.ts';
import type { PartState } from '../sandbox/state.ts';
import { eventually } from '../sandbox/eventually.ts';
import { isAlive } from '../sandbox/test/alive.ts';

describe('npm run dev', () => {
  const dir = mkdtempSync(join(tmpdir(), 'castad-dev-'));
  let output = '';
  let child: ChildProcess;

  beforeAll(async () => {
    copySources(dir);
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(await freePort()) };
    child = spawn(process.execPath, [join(dir, 'cli', 'start.ts'), '--watch'], { env });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', text => void (output += String(text)));
    const ended = once(child, 'exit');
    await Promise.race([ended, eventually(() => expect(output).toContain('Services restart when'), 180_000)]);
    expect(output).toContain('Services restart when');
  }, 200_000);

  afterAll(() => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  const parts = () =>
    (JSON.parse(readFileSync(join(dir, '.sandbox', 'state.json'), 'utf8')) as { parts: PartState[] }).parts;
  const part = (name: string) => parts().find(found => found.name === `${name}-1`);
  const pids = () => Object.fromEntries(services.map(name => [name, part(name)?.pid]));
  const live = async (name: string) => (await fetch(`${part(name)?.address}/health/live`)).json();
  const restarts = (name: string) => output.split(`${name} restarted`).length - 1;

  it('keeps the old process and shows the error while a change does not build', async () => {
    const before = pids();
    appendFileSync(join(dir, 'apps/lyric-service/src/main.ts'), 'class {{\n');
    await eventually(() => expect(output).toContain('lyric-service does not build'), 60_000);
    expect(output).toContain('Syntax Error');
    expect(await live('lyric-service')).toEqual({ status: 'ok' });
    expect(pids()).toEqual(before);
  }, 90_000);

  it('restarts the one service whose source changed', async () => {
    const { 'lyric-service': former, ...others } = pids();
    const main = join(dir, 'apps/lyric-service/src/main.ts');
    writeFileSync(main, readFileSync(main, 'utf8').replace('class {{', "console.log('the mended service');"));
    await eventually(() => expect(restarts('lyric-service')).toBe(1), 90_000);
    expect(readFileSync(part('lyric-service')?.log ?? '', 'utf8')).toContain('the mended service');
    expect(pids()).toMatchObject(others);
    expect(part('lyric-service')?.pid).not.toBe(former);
  }, 120_000);

  it('restarts all services that contain a library', async () => {
    const file = join(dir, 'libs/platform/src/health.controller.ts');
    writeFileSync(file, readFileSync(file, 'utf8').replace("return { status: 'ok' }", "return { status: 'changed' }"));
    await eventually(() => expect(services.filter(name => restarts(name) === 0)).toEqual([]), 180_000);
    for (const name of services) expect(await live(name)).toEqual({ status: 'changed' });
  }, 200_000);

  it('leaves nothing behind on Ctrl-C', async () => {
    const all = [...parts().map(({ pid }) => pid ?? 0), ...childrenOf(child.pid ?? 0)];
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await eventually(() => expect(all.filter(isAlive)).toEqual([]));
  }, 60_000);
});

/** Copies what `npm start` needs. Packages are links to this checkout's, except our own, which lie in the copy. */
function copySources(dir: string) {
  for (const name of ['apps', 'libs', 'cli', 'sandbox', ...globSync('*.{js,json}', { cwd: root })]) {
    cpSync(join(root, name), join(dir, name), { recursive: true });
  }
  const packages = join(dir, 'node_modules');
  mkdirSync(packages);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === '@castad') cpSync(join(root, 'node_modules', name), join(packages, name), verbatim);
    else symlinkSync(join(root, 'node_modules', name), join(packages, name));
  }
}

const verbatim = { recursive: true, verbatimSymlinks: true };

function childrenOf(pid: number): number[] {
  const processes = globSync('/proc/[0-9]*').map(path => Number(path.slice('/proc/'.length)));
  return processes.filter(process => parentOf(process) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
