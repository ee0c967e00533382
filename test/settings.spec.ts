import { services } from '@castad/contracts';
import { describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

type Environments = Record<string, { environment?: Record<string, string> }>;
const composed = (file: string) => (parse(read(file), { merge: true }) as { services: Environments }).services;

/** In compose the servers are its own, and reached as they are. */
const OWN_SERVERS = /^(MYSQL_(?!URL)|KAFKA_(?!BROKERS|SESSION_TIMEOUT_MS))/;

async function settingsOf(service: string): Promise<string[]> {
  const exports = (await import(join(root, `apps/${service}/src/${service}.config.ts`))) as Record<string, unknown>;
  const config = Object.values(exports).find(
    (exported): exported is new () => object => typeof exported === 'function' && exported.name.endsWith('Config'),
  );
  if (!config) throw new Error(`${service} has no configuration`);
  const rules = getMetadataStorage().getTargetValidationMetadatas(config, '', true, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

describe.each(services)('every setting of %s', service => {
  it.each(['.env.example', 'docs/operations.md'])('is named in %s', async file => {
    const names = new Set(read(file).match(/\b[A-Z][A-Z0-9_]+\b/g));
    const settings = await settingsOf(service);
    expect(settings.length).toBeGreaterThan(20);
    expect(settings.filter(name => !names.has(name))).toEqual([]);
  });

  it('reaches it in compose', async () => {
    const files = ['docker-compose.yml', 'docker-compose.providers.yml'].map(composed);
    const given = Object.assign({}, ...files.map(file => file[service]?.environment)) as Record<string, string>;
    const settings = await settingsOf(service);
    expect(settings.filter(name => !(name in given) && !OWN_SERVERS.test(name))).toEqual([]);
    expect(Object.keys(given).filter(name => !settings.includes(name))).toEqual([]);
  });
});

it('.env.example sets nothing, so that its copy changes nothing', () => {
  const lines = read('.env.example').split('\n');
  expect(lines.filter(line => line !== '' && !line.startsWith('#') && !/^[A-Z][A-Z0-9_]*=$/.test(line))).toEqual([]);
});
