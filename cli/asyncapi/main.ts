import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { asyncApi, DOCUMENT } from './document.ts';
import { freeze } from './readers.ts';
import { messageSchemas, SCHEMAS } from './schemas.ts';

/**
 * Run from the repository's root. Writes the document and the schemas that the contracts check messages by. With
 * `--freeze`, freezes what the consumers of today enforce as well, or says why it must not be released.
 */
const faults = process.argv.includes('--freeze') ? freeze() : [];
const generated = { [DOCUMENT]: asyncApi(process.cwd()), [SCHEMAS]: messageSchemas() };
if (faults.length > 0) {
  console.error(`these changes need a new version of the type:\n${faults.map(fault => `  - ${fault}`).join('\n')}`);
  process.exitCode = 1;
} else {
  for (const [file, text] of Object.entries(generated)) {
    writeFileSync(file, text);
    console.log(`wrote ${file}`);
  }
}
