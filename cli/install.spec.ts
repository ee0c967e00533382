import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../sandbox/eventually.ts';

describe('cli/install.mjs', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'castad-install-'));
    mkdirSync(join(dir, 'cli'));
    for (const file of ['install.mjs', 'lock.mjs']) cpSync(join(import.meta.dirname, file), join(dir, 'cli', file));
    lockTo('dep');
  });

  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** A tree whose only package is one of its own folders: npm needs no network for it. */
  const lockTo = (name: string) => {
    const own = { name: 'tree', version: '1.0.0', dependencies: { [name]: `file:${name}` } };
    const write = (file: string, content: object) => writeFileSync(join(dir, file), JSON.stringify(content));
    mkdirSync(join(dir, name));
    write(`${name}/package.json`, { name, version: '1.0.0' });
    write('package.json', own);
    write('package-lock.json', {
      ...{ name: 'tree', version: '1.0.0', lockfileVersion: 3, requires: true },
      packages: { '': own, [name]: { version: '1.0.0' }, [`node_modules/${name}`]: { resolved: name, link: true } },
    });
  };

  const start = (...command: string[]) => {
    const child = spawn(process.execPath, [join(dir, 'cli', 'install.mjs'), ...command], { cwd: dir });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number, said }));
    return { child, ended };
  };
  const run = (...command: string[]) => start(...command).ended;

  it('installs what the lock names, once, and hands on the exit code', async () => {
    const first = await run('node', '-e', 'console.log(require("dep/package.json").name); process.exit(7)');
    expect(first).toEqual({
      code: 7,
      said: expect.stringMatching(/Installing packages[^]*Installed in \d+ s\.\ndep\n$/),
    });
    expect(await run('node', '-e', 'console.log("again")')).toEqual({ code: 0, said: 'again\n' });
  });

  it('installs again when the lock has changed', async () => {
    await run('true');
    lockTo('other');
    expect((await run('node', '-e', 'require("other/package.json")')).said).toContain('Installing packages');
  });

  it('lets the second of two wait for the first', async () => {
    const results = await Promise.all([run('true'), run('true')]);
    expect(results.map(result => result.code)).toEqual([0, 0]);
    expect(results.filter(result => result.said.includes('Installing packages'))).toHaveLength(1);
  });

  it('takes over from an installation that was killed', async () => {
    const gone = spawn('true');
    await once(gone, 'exit');
    mkdirSync(join(dir, '.sandbox'));
    writeFileSync(join(dir, '.sandbox', 'install.lock'), String(gone.pid));
    expect((await run('true')).code).toBe(0);
  });

  it('says which command failed to install', async () => {
    writeFileSync(
      join(dir, 'package-lock.json'),
      JSON.stringify({ lockfileVersion: 3, packages: { 'node_modules/x': {} } }),
    );
    expect(await run('true')).toEqual({ code: 1, said: expect.stringContaining('npm ci failed (exit code 1)') });
  });

  it('hands on signals', async () => {
    const script =
      'process.on("SIGTERM", () => process.exit(9)); require("fs").writeFileSync("up", ""); setInterval(() => {}, 1000)';
    const { child, ended } = start('node', '-e', script);
    await eventually(() => expect(existsSync(join(dir, 'up'))).toBe(true));
    child.kill('SIGTERM');
    expect((await ended).code).toBe(9);
  });
});
