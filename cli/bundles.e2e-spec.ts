import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from '../sandbox/sandbox.ts';

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const manifests = globSync('{libs/*,apps/*,cli}/package.json', { cwd: root }).map(
  file => [dirname(file), JSON.parse(read(file)) as Manifest] as const,
);

/** What `npm ci --omit=dev --workspace` lays open to a workspace: its packages, and those of our libs it names. */
function declared({ dependencies = {} }: Manifest): string[] {
  return Object.keys(dependencies).flatMap(name => {
    const [, ours] = manifests.find(([, manifest]) => manifest.name === name) ?? [];
    return ours ? declared(ours) : [name];
  });
}

/** The packages that the bundles of one app import. */
function imported(folder: string): string[] {
  const bundles = globSync(`dist/${folder}/**/*.js`, { cwd: root });
  if (bundles.length === 0) throw new Error(`dist/${folder} is not built: run \`npx nest build --all\``);
  const requests = bundles.flatMap(file =>
    [...read(file).matchAll(/^import (?:[^"';]* from )?["']([^"']+)["']|\bimport\(["']([^"']+)["']\)/gm)].map(
      ([, fixed, lazy]) => fixed ?? lazy ?? '',
    ),
  );
  const names = requests.map(request => request.split('/', request.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(names)].filter(name => !name.startsWith('node:') && !builtinModules.includes(name)).sort();
}

const images = manifests.filter(([folder]) => !folder.startsWith('libs/'));

describe('an image of one service alone', () => {
  it.each(images.map(([folder, manifest]) => [folder, manifest] as const))(
    'has every package that the bundles of %s import',
    (folder, manifest) => {
      const bundled = folder === 'cli' ? 'cli/topics' : folder;
      const packages = imported(bundled);
      expect(packages.length).toBeGreaterThan(3);
      expect(packages.filter(name => !declared(manifest).includes(name))).toEqual([]);
    },
  );
});
