import { readFileSync } from 'node:fs';

/** npm omits in silence what one registry lacks, and `npm ci` then fails elsewhere: the lock must hold for everybody. */
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));

/** What our workspaces ask for must lie at the root: there the bundles in dist/ look for it. */
const atRoot = name => packages[`node_modules/${name}`];

/** The locked package that `name` means in the package at `path`: the nearest one upwards. */
function find(path, name) {
  const parts = path.split('/');
  const paths = parts.map((_, index) => [...parts.slice(0, parts.length - index), 'node_modules', name].join('/'));
  return packages[[...paths, `node_modules/${name}`].find(candidate => packages[candidate])];
}

const faults = Object.entries(packages).flatMap(([path, { resolved, optionalDependencies, ...manifest }]) => {
  const isOurs = !path.includes('node_modules/');
  const exact = Object.entries(isOurs ? { ...manifest.dependencies, ...manifest.devDependencies } : {});
  return [
    ...(resolved?.includes('://') ? [`${path} is tied to ${new URL(resolved).host}`] : []),
    ...Object.keys(optionalDependencies ?? {})
      .filter(name => !find(path, name))
      .map(name => `${name}, an optional part of ${path || 'the root'}, is not locked`),
    ...exact
      .filter(([name, version]) => version !== '*' && atRoot(name)?.version !== version)
      .map(
        ([name, version]) =>
          `${path || 'the root'} asks for ${name} ${version}, locked at the root is ${atRoot(name)?.version}`,
      ),
  ];
});

if (faults.length > 0) {
  console.error(
    `package-lock.json will not install the same everywhere:\n${faults.map(text => `  - ${text}`).join('\n')}`,
  );
  console.error(
    'Ask for versions that are complete and exact (in the root too, where another package wants another), keep `omit-lockfile-registry-resolved` in .npmrc, and make the lock\n' +
      'again: remove package-lock.json and node_modules, run `npm install` under Node 24, prove it with `npm ci`.',
  );
  process.exitCode = 1;
}
