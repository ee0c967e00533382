import { afterAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { InvalidConfig, loadConfig, ServiceConfig } from './config.ts';
import { KafkaConfig } from './kafka.config.ts';

const dir = mkdtempSync(join(tmpdir(), 'castad-test-'));
const key = join(dir, 'key.pem');
writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
afterAll(() => rmSync(dir, { recursive: true }));

const broker = { KAFKA_BROKERS: 'one:9092', MYSQL_URL: 'mysql://root@127.0.0.1/x' };
const password = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'castad', KAFKA_PASSWORD: 'orchard-lantern' };
const oauth = {
  KAFKA_SASL_MECHANISM: 'oauthbearer',
  KAFKA_OAUTH_TOKEN_URL: 'https://tokens.test/token',
  KAFKA_OAUTH_CLIENT_ID: 'castad',
  KAFKA_OAUTH_CLIENT_SECRET: 'meadow-anchor',
};

describe.each([
  ['a command', KafkaConfig],
  ['a service', ServiceConfig],
])('of %s', (_, type) => {
  it.each<[string, Record<string, string>]>([
    ['plain text', {}],
    ['TLS with the authorities that Node knows', { KAFKA_SSL: 'on' }],
    ['a password', password],
    ['SCRAM over TLS', { ...password, KAFKA_SSL: 'on', KAFKA_SASL_MECHANISM: 'scram-sha-512' }],
    ['tokens', oauth],
    ['tokens of a scope', { ...oauth, KAFKA_OAUTH_SCOPE: 'kafka' }],
  ])('%s is taken', (_, variables) => {
    expect(loadConfig<object>(type, { ...broker, ...variables })).toMatchObject(variables);
  });

  it.each<[Record<string, string>, string[]]>([
    [{ KAFKA_SSL: 'yes' }, ['KAFKA_SSL must be one of']],
    [{ KAFKA_SASL_MECHANISM: 'PLAIN' }, ['KAFKA_SASL_MECHANISM must be one of']],
    [{ KAFKA_SASL_MECHANISM: 'scram-sha-256' }, ['KAFKA_USERNAME is missing', 'KAFKA_PASSWORD is missing']],
    [{ ...password, KAFKA_PASSWORD: '' }, ['KAFKA_PASSWORD is missing']],
    [{ ...password, KAFKA_SASL_MECHANISM: '' }, ['KAFKA_USERNAME needs', 'KAFKA_PASSWORD needs']],
    [{ ...password, ...oauth }, ['KAFKA_USERNAME needs', 'KAFKA_PASSWORD needs']],
    [
      { KAFKA_SASL_MECHANISM: 'oauthbearer' },
      ['KAFKA_OAUTH_TOKEN_URL is missing', 'KAFKA_OAUTH_CLIENT_ID is missing', 'KAFKA_OAUTH_CLIENT_SECRET is missing'],
    ],
    [{ ...oauth, KAFKA_OAUTH_TOKEN_URL: 'tokens.test' }, ['KAFKA_OAUTH_TOKEN_URL must be']],
    [{ ...oauth, KAFKA_OAUTH_TOKEN_URL: 'https://castad:meadow@tokens.test' }, ['KAFKA_OAUTH_TOKEN_URL must be']],
    [{ ...password, KAFKA_OAUTH_SCOPE: 'kafka' }, ['KAFKA_OAUTH_SCOPE needs KAFKA_SASL_MECHANISM=oauthbearer']],
    [{ KAFKA_SSL: 'on', KAFKA_SSL_CA: join(dir, 'none.pem') }, ['KAFKA_SSL_CA must be the path']],
    [{ KAFKA_SSL: 'on', KAFKA_SSL_CA: key }, ['KAFKA_SSL_CA must be the path']],
    [{ KAFKA_SSL_CA: key }, ['KAFKA_SSL_CA needs KAFKA_SSL=on']],
    [{ KAFKA_SSL: 'on', KAFKA_SSL_CERT_KEY_FILE: key }, ['KAFKA_SSL_CERT is missing']],
    [{ KAFKA_SSL: 'on', KAFKA_SSL_CERT: key }, ['KAFKA_SSL_CERT must be', 'KAFKA_SSL_CERT_KEY_FILE is missing']],
  ])('%j is refused', (variables, faults) => {
    const load = () => loadConfig<object>(type, { ...broker, ...variables });
    expect(load).toThrow(InvalidConfig);
    for (const fault of faults) expect(load).toThrow(fault);
    for (const secret of ['orchard', 'meadow']) expect(load).not.toThrow(secret);
  });
});

it('shows no password and no client secret', () => {
  for (const variables of [password, oauth]) {
    const config = loadConfig(ServiceConfig, { ...broker, ...variables });
    expect(inspect(config)).not.toMatch(/orchard|meadow/);
    expect(config.redactor()('orchard-lantern, meadow-anchor')).toContain('[redacted]');
  }
});
