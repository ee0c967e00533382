import { accessSync, constants, copyFileSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { ProcessTree } from '../process-tree.ts';
import { cacheDir, cached } from './cache.ts';
import { ensureJava, waysOut } from './java.ts';

let turn: Promise<unknown> = Promise.resolve();

/** The files of `<name>.pom.xml`'s dependencies, copied or unpacked into the cache. */
export function dependencies(
  tree: ProcessTree,
  { name, key, goal, options = [] }: { name: string; key: string; goal: string; options?: string[] },
): Promise<string> {
  const fetch = async (dir: string) => {
    await ensureJava(tree, { maven: true });
    tree.log(`Fetching ${key} through Maven (once) ...`);
    const pom = join(dir, 'pom.xml');
    copyFileSync(join(import.meta.dirname, `${name}.pom.xml`), pom);
    // Maven follows the password file, not HOME; -C makes a damaged download an error.
    const args = ['-q', '-B', '-C', '-f', pom, ...localRepository(), ...options];
    const plugin = `org.apache.maven.plugins:maven-dependency-plugin:3.8.1:${goal}`;
    await tree.run({ name: 'maven', command: 'mvn', args: [...args, `-DoutputDirectory=${dir}`, plugin] }, waysOut);
  };
  // One at a time: two Mavens in one empty repository get in each other's way.
  const result = turn.then(() => cached(key, fetch));
  turn = result.catch(() => {});
  return result;
}

function localRepository(): string[] {
  try {
    const repository = join(userInfo().homedir, '.m2', 'repository');
    mkdirSync(repository, { recursive: true });
    accessSync(repository, constants.W_OK);
    return [];
  } catch {
    return [`-Dmaven.repo.local=${join(cacheDir(), 'maven')}`];
  }
}
