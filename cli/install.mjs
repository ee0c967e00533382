// `node cli/install.mjs <command> ...`: runs the command with the packages of package-lock.json and a Node new enough
// for them, installing both when they are not there. Runs itself on any Node from 18.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { locked } from './lock.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules', '.bin');

async function main([command, ...args]) {
  if (!command) fail('usage: node cli/install.mjs <command> [arguments]');
  await install();
  run(command, args, dirname(node()));
}

/** One at a time: npm ci begins by removing what is there. */
async function install() {
  if (isInstalled()) return;
  await locked(join(root, '.sandbox', 'install.lock'), 'Waiting for another installation ...', () => {
    if (isInstalled()) return;
    console.log('Installing packages (npm ci) ...');
    const startedAt = Date.now();
    const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error'];
    const { status, error } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' });
    if (error || status !== 0) {
      fail(`npm ci failed (${error?.message ?? `exit code ${status}`}): its own words are above.`);
    }
    console.log(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
  });
}

/** npm writes down what it installed when all of it is there. Packages for other platforms may be missing. */
function isInstalled() {
  const installed = packages(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  return Object.entries(packages(join(root, 'package-lock.json')) ?? {}).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    return found ? found.version === wanted.version : wanted.optional || wanted.devOptional;
  });
}

function packages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}

/** Packages bring Node 24 for Linux; elsewhere the one that runs this must be new enough. */
function node() {
  const found = [join(bin, 'node'), process.execPath].find(candidate => {
    const version = spawnSync(candidate, ['--version'], { encoding: 'utf8' }).stdout ?? '';
    const [major, minor] = version.slice(1).split('.').map(Number);
    return major > 24 || (major === 24 && minor >= 9);
  });
  return (
    found ??
    fail(`Node 24.9 or newer is needed, this is ${process.version}. Get it from https://nodejs.org and try again.`)
  );
}

function run(command, args, nodeDir) {
  const PATH = [...new Set([nodeDir, bin]), process.env.PATH].join(delimiter);
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH, CASTAD_PARENT: String(process.pid) },
  });
  child.on('error', error => fail(`${command}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const started = callers();
  const watch = setInterval(() => {
    if (callers() === started) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 500);
  watch.unref();
}

/** npm that is killed tells nobody: its shell, our parent, only gets another parent of its own. */
function callers() {
  if (!process.env.npm_lifecycle_event) return undefined;
  const { ppid } = process;
  const status = existsSync(`/proc/${ppid}/stat`) ? readFileSync(`/proc/${ppid}/stat`, 'utf8') : '';
  return `${ppid} ${/sh\) \S (\d+)/.exec(status)?.[1]}`;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

await main(process.argv.slice(2));
