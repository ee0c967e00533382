import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../sandbox/failure.ts';
import { root } from '../sandbox/sandbox.ts';
import { locked } from './lock.mjs';

const sources = ['{apps,libs}/*/src/**/*', 'cli/{topics,operate,asyncapi}/**/*', '*.{js,json}'];

/** Builds all services when a source is newer than what was built from it. */
export async function build(log: (line: string) => void) {
  if (isCurrent()) return;
  await locked(join(root, '.sandbox', 'build.lock'), 'Waiting for another build ...', () => {
    if (isCurrent()) return;
    log('Building the services ...');
    const nest = [join(root, 'node_modules', '.bin', 'nest'), 'build', '--all'];
    const { status, stdout, stderr } = spawnSync(process.execPath, nest, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Failure(`The build failed.\n\n${stdout}${stderr}`, { next: 'mend the code above.' });
    // An unchanged output is not written.
    for (const file of outputs()) utimesSync(file, new Date(), new Date());
  });
}

function isCurrent(): boolean {
  const files = outputs();
  if (!files.every(file => existsSync(file))) return false;
  const oldest = Math.min(...files.map(modified));
  return globSync(sources, { cwd: root, exclude: ['**/*.spec.ts'] }).every(
    file => modified(join(root, file)) <= oldest,
  );
}

function outputs(): string[] {
  const apps = globSync('apps/*/src/main.ts', { cwd: root }).map(file => file.replace('/src/main.ts', ''));
  return [...apps, 'cli/topics', 'cli/operate'].map(app => join(root, 'dist', app, 'main.js'));
}

function modified(file: string): number {
  return statSync(file).mtimeMs;
}
