import 'reflect-metadata';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { asyncApi, DOCUMENT } from './document.ts';

/** Run from the repository's root. Writes the document; with `--check`, fails if it would change. */
const current = asyncApi(process.cwd());
if (!process.argv.includes('--check')) {
  writeFileSync(DOCUMENT, current);
  console.log(`wrote ${DOCUMENT}`);
} else if (!existsSync(DOCUMENT) || readFileSync(DOCUMENT, 'utf8') !== current) {
  console.error(`${DOCUMENT} is stale: run \`npm run asyncapi\` and commit the result`);
  process.exitCode = 1;
}
