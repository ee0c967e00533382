import { services } from '@castad/contracts';
import type { NamedMigration } from '@castad/platform';
import { expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const frozen = readFileSync(join(import.meta.dirname, 'MIGRATIONS'), 'utf8')
  .trim()
  .split('\n');

async function migrationsOf(service: string): Promise<NamedMigration[]> {
  const file = join(import.meta.dirname, `../apps/${service}/src/migrations/index.ts`);
  return ((await import(file)) as { migrations: NamedMigration[] }).migrations;
}

async function statementsOf({ class: Migration }: NamedMigration): Promise<string[]> {
  const migration = new Migration(...([] as unknown as ConstructorParameters<typeof Migration>));
  await migration.up();
  return migration.getQueries() as string[];
}

/** An edited migration would leave schemas of two kinds under one name: what changes is one more migration. */
it.each(services)('the migrations of %s are not edited once released', async service => {
  const sums = (await migrationsOf(service)).map(async migration => {
    const statements = (await statementsOf(migration)).map(sql => sql.replace(/\s+/g, ' '));
    return `${createHash('sha256').update(statements.join(';')).digest('hex')}  ${service} ${migration.name}`;
  });
  expect(await Promise.all(sums)).toEqual(frozen.filter(line => line.includes(`  ${service} `)));
});

it.each(services)(
  'the later migrations of %s are one statement each: there is no way back from half of one',
  async service => {
    const later = (await migrationsOf(service)).filter(({ name }) => name >= '0006');
    for (const migration of later)
      expect([migration.name, await statementsOf(migration)]).toEqual([migration.name, [expect.any(String)]]);
  },
);
