import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface JestResults {
  numPassedTests: number;
  numFailedTests: number;
  numFailedTestSuites: number;
}

/** `npm test -- apps/gateway` looks at one room: its format and lint, and its tests. Types and the build have no rooms. */
const args = process.argv.slice(2);
const rooms = args.filter(arg => existsSync(arg));
const places = rooms.length > 0 ? rooms : ['.'];

/** Everything that must hold, in the order in which a fault is cheapest to find. Ends with the tests' count. */
const steps: [name: string, command: string[]][] = [
  ['format', ['npm', 'exec', '--', 'prettier', '--check', ...places]],
  ['lint', ['npm', 'exec', '--', 'eslint', ...places]],
  ['types', ['npm', 'run', '--silent', 'types']],
  ['import rules and lockfile', ['npm', 'run', '--silent', 'imports']],
  ['build', ['npm', 'run', '--silent', 'build']],
];

const started = Date.now();
const say = (text: string) =>
  console.log(`[${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s] ${text}`);

function run([command, ...args]: string[]): boolean {
  return spawnSync(command as string, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

const failed = steps.filter(([name, command]) => {
  say(name);
  return !run(command);
});

let tests: JestResults = { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 0 };
if (failed.some(([name]) => name === 'build')) {
  say('no tests: the build failed');
} else {
  say('tests, on a real Kafka, MariaDB and Blob store');
  const report = join(mkdtempSync(join(tmpdir(), 'castad-verify-')), 'jest.json');
  run(['npm', 'run', '--silent', 'jest', '--', '--json', `--outputFile=${report}`, ...args]);
  tests = JSON.parse(readFileSync(report, 'utf8')) as JestResults;
}

for (const [name] of failed) say(`${name} failed: see above`);
say('done');
const failures = tests.numFailedTests + (tests.numFailedTests === 0 ? tests.numFailedTestSuites : 0) + failed.length;
console.log(`${tests.numPassedTests} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
