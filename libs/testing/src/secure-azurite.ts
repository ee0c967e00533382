import { azurite } from '../../../sandbox/infrastructure/azurite.ts';
import type { Identity } from './authority.ts';
import type { TestBed } from './service-harness.ts';

/** An Azurite that takes the tokens of identities, which it wants over TLS alone. Returns its account's address. */
export async function secureAzurite({ sandbox: { tree } }: TestBed, { certificate, key }: Identity): Promise<string> {
  const spec = await azurite(tree);
  const secured = ['--oauth', 'basic', '--cert', certificate, '--key', key];
  const managed = tree.add({ ...spec, name: 'secure-azurite', args: [...(spec.args ?? []), ...secured] });
  await managed.start();
  return `${managed.state.address.replace('http:', 'https:')}/devstoreaccount1`;
}
