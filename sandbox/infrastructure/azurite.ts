import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ProcessSpec } from '../managed-process.ts';
import { freePort } from '../ports.ts';
import { accepts } from '../probes.ts';
import type { ProcessTree } from '../process-tree.ts';

/** Not a secret: the key every Azurite is published with. */
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** An Azurite of its own, for blobs alone. */
export async function azurite(tree: ProcessTree): Promise<ProcessSpec> {
  const port = await freePort();
  const folder = dirname(createRequire(import.meta.url).resolve('azurite/package.json'));
  const address = `127.0.0.1:${port}`;
  return {
    name: 'azurite',
    command: process.execPath,
    args: [
      join(folder, 'dist', 'src', 'blob', 'main.js'),
      ...['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--location', tree.data('azurite')],
      ...['--blobHost', '127.0.0.1', '--blobPort', String(port)],
    ],
    address: `http://${address}`,
    isReady: () => accepts(address),
  };
}

export function azuriteConnectionString(address: string): string {
  return [
    'DefaultEndpointsProtocol=http',
    'AccountName=devstoreaccount1',
    `AccountKey=${key}`,
    `BlobEndpoint=${address}/devstoreaccount1;`,
  ].join(';');
}
