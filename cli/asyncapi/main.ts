import 'reflect-metadata';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { asyncApi, DOCUMENT } from './document.ts';
import { freeze } from './readers.ts';

/**
 * Run from the repository's root. Writes the document; with `--check`, fails if it would change. With `--freeze`, freezes
 * what the consumers of today enforce as well, or says why it must not be released.
 */
const faults = process.argv.includes('--freeze') ? freeze() : [];
const current = asyncApi(process.cwd());
if (faults.length > 0) {
  console.error(`these changes need a new version of the type:\n${faults.map(fault => `  - ${fault}`).join('\n')}`);
  process.exitCode = 1;
} else if (!process.argv.includes('--check')) {
  writeFileSync(DOCUMENT, current);
  console.log(`wrote ${DOCUMENT}`);
} else if (!existsSync(DOCUMENT) || readFileSync(DOCUMENT, 'utf8') !== current) {
  console.error(`${DOCUMENT} is stale: run \`npm run asyncapi\` and commit the result`);
  process.exitCode = 1;
}
