import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ProcessTree } from '../process-tree.ts';
import { Failure } from '../failure.ts';

export const waysOut = `one of
  - install Java 17 or newer and Maven (Debian, Ubuntu: apt-get install default-jre-headless maven; macOS: brew install openjdk maven);
  - use servers you have: set KAFKA_BROKERS and MYSQL_URL;
  - run everything in containers: docker compose up.`;

let installing: Promise<void> | undefined;

/** Makes sure that Java 17 and, if asked for, Maven can be run. Two parts may ask at once. */
export async function ensureJava(tree: ProcessTree, { maven }: { maven: boolean }) {
  if (missing(maven).length === 0) return;
  await (installing ??= install(tree).finally(() => (installing = undefined)));
  const still = missing(maven);
  if (still.length > 0) throw new Failure(`${still.join(' and ')} not found.`, { next: waysOut });
}

async function install(tree: ProcessTree) {
  const lacking = missing(true);
  if (process.getuid?.() !== 0 || !find('apt-get')) {
    throw new Failure(`${lacking.join(' and ')} not found.`, { next: waysOut });
  }
  const packages = lacking.map(name => (name === 'Maven' ? 'maven' : 'default-jre-headless'));
  tree.log(`${lacking.join(' and ')} not found: installing ${packages.join(' and ')} with apt-get ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args: string[]) => tree.run({ name: 'apt-get', command: 'apt-get', args, env }, waysOut);
  await aptGet('update');
  await aptGet('install', '--yes', '--no-install-recommends', ...packages);
}

function missing(maven: boolean): string[] {
  return [...(javaVersion() < 17 ? ['Java 17'] : []), ...(maven && !find('mvn') ? ['Maven'] : [])];
}

/** Java writes its version to standard error: `openjdk version "17.0.15" ...`. */
function javaVersion(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
}

function find(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(dir => existsSync(join(dir, command)));
}
