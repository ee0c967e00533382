import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, cacheDir } from './cache.ts';

describe('the cache', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'castad-cache-'));
    process.env.XDG_CACHE_HOME = home;
  });

  afterEach(() => {
    delete process.env.XDG_CACHE_HOME;
    rmSync(home, { recursive: true });
  });

  const fill = (text: string) => async (dir: string) => writeFileSync(join(dir, 'file'), text);

  it('fills a folder once', async () => {
    const first = await cached('thing', fill('first'));
    await cached('thing', fill('second'));
    expect(readFileSync(join(first, 'file'), 'utf8')).toBe('first');
  });

  it('keeps one whole folder when two fill it at the same time', async () => {
    const [one, other] = await Promise.all([cached('thing', fill('one')), cached('thing', fill('other'))]);
    expect(one).toBe(other);
    expect(readdirSync(cacheDir())).toEqual(['thing']);
  });

  it('keeps nothing of a download that failed', async () => {
    const failed = cached('thing', async dir => {
      await fill('half')(dir);
      throw new Error('no network');
    });
    await expect(failed).rejects.toThrow('no network');
    expect(readdirSync(cacheDir())).toEqual([]);
  });

  it('moves elsewhere when the home folder cannot be written', () => {
    writeFileSync(join(home, 'file'), '');
    process.env.XDG_CACHE_HOME = join(home, 'file');
    expect(cacheDir()).not.toContain(home);
    expect(existsSync(cacheDir())).toBe(true);
  });
});
