import { expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from './catalogue.ts';
import { catalogMarkdown } from './pages.ts';

const root = join(import.meta.dirname, '../../../..');

/** Codes that never leave a service: they are said to operators, in logs and at start. */
const internal = new Set([
  'ADDRESS_NOT_PUBLIC',
  'BLOB_DIFFERS',
  'CONSUMER_HALTED',
  'HANDLER_FAILED',
  'HANDLER_TIMEOUT',
  'INVALID_CONFIG',
  'KAFKA_TOKEN_REFUSED',
  'KAFKA_TOKEN_UNAVAILABLE',
  'MESSAGE_TOO_LARGE',
  'MIGRATION_FAILED',
  'MIGRATION_LOCKED',
  'MIGRATION_UNLOCKED',
  'NOT_CONSUMING',
  'NOT_SUPPORTED',
  'TASK_MISSING',
  'TRACK_MISSING',
  'TWO_HANDLERS',
  'UNKNOWN_TYPE',
  // How a file was at fault; the code has FILE_ before it.
  'WRONG_TYPE',
]);

const sources = globSync(['apps/*/src/**/*.ts', 'libs/{messaging,platform,worker}/src/**/*.ts'], { cwd: root })
  .filter(file => !/\.spec\.ts$|\/migrations\/|\/error\//.test(file))
  .map(file => readFileSync(join(root, file), 'utf8'));

const CODE = /(?:\(|code: |code \?\? |\? |: \[|\d: )\s*'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g;

const all = sources.join('\n');
const found = (pattern: RegExp) => [...all.matchAll(pattern)].map(match => (match[1] as string).toUpperCase());

/** Codes that are put together when they are raised. */
const composed = [
  ...found(/\bnoAnswer\('(\w+)'/g).flatMap(name =>
    ['UNREACHABLE', 'TIMEOUT', 'NO_ANSWER'].map(how => `${name}_${how}`),
  ),
  ...['LYRIC', 'SONG', 'VIDEO', 'PREVIEW'].map(step => `${step}_NOT_READY`),
];
const inSources = new Set([...found(CODE), ...composed]);
const known = catalogue.map(({ code }) => code);

it('every code that a client can meet is in the catalogue', () => {
  expect([...inSources].filter(code => !known.includes(code) && !internal.has(code))).toEqual([]);
});

it('every code of the catalogue is in the sources, and once in the catalogue', () => {
  expect(known.filter(code => !all.includes(code) && !composed.includes(code))).toEqual([]);
  expect(known.filter((code, i) => known.indexOf(code) !== i)).toEqual([]);
});

it('docs/errors.md is what `npm run describe` writes', () => {
  expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(catalogMarkdown(catalogue));
});
