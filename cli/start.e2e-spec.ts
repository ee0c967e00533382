import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../sandbox/ports.ts';
import { accepts } from '../sandbox/probes.ts';
import { root } from '../sandbox/sandbox.ts';
import type { PartState } from '../sandbox/state.ts';
import { eventually } from '../sandbox/eventually.ts';
import { isAlive } from '../sandbox/test/alive.ts';

describe('npm start', () => {
  let started: ChildProcess | undefined;

  afterEach(() => void started?.kill('SIGKILL'));

  const start = (env: Record<string, string>) => {
    const child = spawn(process.execPath, [join(root, 'cli', 'start.ts')], { env: { PATH: process.env.PATH, ...env } });
    started = child;
    const output = { text: '' };
    child.stdout.on('data', (text: Buffer) => (output.text += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output.text += text.toString()));
    return { child, output, ended: once(child, 'exit') };
  };

  it('stays up, says how to use it, and leaves nothing behind on Ctrl-C', async () => {
    const port = await freePort();
    const { child, output, ended } = start({ PORT: String(port) });
    await Promise.race([ended, eventually(() => expect(output.text).toContain('CASTAD runs'), 90_000)]);
    expect(output.text).toContain(`http://127.0.0.1:${port}/docs`);

    const order = /^ *(curl -X POST .*)$/m.exec(output.text)?.[1] ?? '';
    const project: unknown = JSON.parse(execFileSync('sh', ['-c', `${order} -s`], { encoding: 'utf8' }));
    expect(project).toMatchObject({ status: 'processing', taskId: expect.any(String) });

    const file = /^ *processes +(.*)$/m.exec(output.text)?.[1] ?? '';
    const { parts } = JSON.parse(readFileSync(file, 'utf8')) as { parts: PartState[] };
    expect(parts).toHaveLength(11);
    expect(parts.every(part => isAlive(part.pid ?? 0))).toBe(true);
    const operate = (...args: string[]) =>
      execFileSync(process.execPath, [join(root, 'cli', 'operate.ts'), ...args], {
        env: { PATH: process.env.PATH },
        encoding: 'utf8',
      });
    expect(operate('replay', '--to', 'song-service', '--from-topic', 'castad.lyric.events', '--dry-run')).toMatch(
      /^\d+ records? would be copied to castad\.song-service\.replay\n$/,
    );
    expect(operate('rebuild', 'gateway')).toMatch(/^rebuilt from \d+ events/);
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(parts.some(part => isAlive(part.pid ?? 0))).toBe(false);
    expect([existsSync(file), existsSync(join(file, '..', 'data'))]).toEqual([false, false]);
  }, 180_000);

  it('tells an operator who has nothing to operate on what to do', () => {
    const env = { PATH: process.env.PATH };
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'cli', 'operate.ts'), 'replay'], {
      env,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('No kafka runs here.\n\nWhat to do: start CASTAD with `npm start` and keep it running');
  });

  it('refuses a port that is in use', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    const { output, ended } = start({ PORT: String(port) });
    expect(await ended).toEqual([1, null]);
    expect(output.text).toContain(`PORT ${port} is in use.\n\nWhat to do: `);
    other.close();
  });

  it('says what to do when it cannot start, and leaves nothing behind', async () => {
    const mysql = `mysql://root@127.0.0.1:${await freePort()}`;
    const { output, ended } = start({ PORT: String(await freePort()), MYSQL_URL: mysql });
    expect(await ended).toEqual([1, null]);
    expect(output.text).toMatch(/The databases cannot be made: .*ECONNREFUSED.*\n\nWhat to do: check MYSQL_URL/);
    const addresses = [...output.text.matchAll(/ runs at (?:http:\/\/)?(\S+)/g)].map(([, address = '']) => address);
    expect(addresses).toHaveLength(5);
    for (const address of addresses) await expect(accepts(address)).rejects.toThrow('ECONNREFUSED');
  }, 120_000);
});
