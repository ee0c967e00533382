import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where downloads stay between sandboxes. */
export function cacheDir(): string {
  const wanted = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'castad');
  try {
    mkdirSync(wanted, { recursive: true });
    accessSync(wanted, constants.W_OK);
    return wanted;
  } catch {
    const instead = join(tmpdir(), `castad-cache-${process.getuid?.() ?? ''}`);
    mkdirSync(instead, { recursive: true, mode: 0o700 });
    return instead;
  }
}

/** Fills a folder of the cache once. Several may try at the same time: the first whole one wins. */
export async function cached(name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const target = join(cacheDir(), name);
  if (existsSync(target)) return target;
  const draft = `${target}.${process.pid}.${Date.now()}`;
  mkdirSync(draft, { recursive: true });
  try {
    await fill(draft);
    renameSync(draft, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}
