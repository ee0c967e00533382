import { KafkaClient, kafkaConfig } from '@castad/messaging';
import { KafkaConfig, loadConfig, ServiceConfig } from '@castad/platform';
import { Authority, type Identity } from '@castad/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from '@castad/kafkajs';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { kafka } from '../sandbox/infrastructure/kafka.ts';
import { ProcessTree } from '../sandbox/process-tree.ts';

const PASSWORD = 'orchard-lantern-41';
const CLIENT_SECRET = 'meadow-anchor-77';
const TOPIC = 'secured';

let dir: string;
let tree: ProcessTree;
let tokens: Server;
let ours: Authority;
let theirs: Authority;
let env: Record<string, string>;
/** Requests that the token endpoint will not serve. */
let outage = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'castad-test-'));
  ours = new Authority(join(dir, 'ours'));
  theirs = new Authority(join(dir, 'theirs'));
  tokens = await tokenEndpoint();
  tree = new ProcessTree({ dir: join(dir, 'sandbox'), exact: true, log: () => {} });
  const broker = tree.add(await kafka(tree, undefined, security(ours.sign('broker'))));
  await broker.start();
  env = {
    KAFKA_BROKERS: broker.address,
    KAFKA_SSL: 'on',
    KAFKA_SSL_CA: ours.certificate,
    ...shown(ours.sign('client')),
  };
  const admin = connection(plain()).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
}, 180_000);

afterAll(async () => {
  await tree.close();
  tokens.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('a service at a broker with SASL over mutual TLS', () => {
  it.each([
    ['plain', plain],
    ['scram-sha-512', scram],
    ['oauthbearer', oauth],
  ])('sends and receives with %s', async (mechanism, variables) => {
    const config = { ...variables(), MYSQL_URL: 'mysql://root@127.0.0.1/none' };
    const service = new KafkaClient(loadConfig(ServiceConfig, config), mechanism);
    const consumer = service.kafka.consumer({ groupId: mechanism });
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    const received = new Promise<void>((resolve, reject) => {
      // Of a coordinator that still loads, kafkajs makes a crash and starts again.
      consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => restart || reject(error));
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
        if (message.value?.toString() === `by ${mechanism}`) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    try {
      await service.send([{ topic: TOPIC, messages: [{ value: `by ${mechanism}` }] }]);
      await received;
    } finally {
      await consumer.disconnect();
      await service.onApplicationShutdown();
    }
  });

  it('waits for a token endpoint that is away', async () => {
    outage = 2;
    const config = kafkaConfig(loadConfig(KafkaConfig, oauth()), 'patient');
    const admin = new Kafka({ ...config, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    expect(await admin.listTopics()).toContain(TOPIC);
    expect(outage).toBe(0);
    await admin.disconnect();
  });
});

describe('the broker or we refuse', () => {
  it.each<[string, () => Record<string, string | undefined>, RegExp]>([
    [
      'an authority that did not sign the broker',
      () => ({ ...scram(), KAFKA_SSL_CA: theirs.certificate }),
      /certificate/,
    ],
    ['the authorities that Node knows', () => ({ ...scram(), KAFKA_SSL_CA: undefined }), /certificate/],
    ['no client certificate', () => ({ ...scram(), KAFKA_SSL_CERT: '', KAFKA_SSL_CERT_KEY_FILE: '' }), /certificate/],
    [
      'a client certificate of another authority',
      () => ({ ...scram(), ...shown(theirs.sign('client')) }),
      /certificate/,
    ],
    ['a wrong password (SCRAM)', () => ({ ...scram(), KAFKA_PASSWORD: 'wrong-password-1' }), /authentication failed/i],
    ['a wrong password (PLAIN)', () => ({ ...plain(), KAFKA_PASSWORD: 'wrong-password-1' }), /authentication failed/i],
    ['another mechanism', () => ({ ...scram(), KAFKA_SASL_MECHANISM: 'scram-sha-256' }), /mechanism/],
    ['a client the token endpoint refuses', () => ({ ...oauth(), KAFKA_OAUTH_CLIENT_ID: 'mallory' }), /invalid_client/],
    ['plain text', () => ({ KAFKA_BROKERS: env.KAFKA_BROKERS }), /connection/i],
  ])('%s', async (_, variables, words) => {
    const admin = connection(variables()).admin();
    const error: unknown = await admin.connect().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await admin.disconnect();
    expect(String(error)).toMatch(words);
    for (const secret of [PASSWORD, CLIENT_SECRET, 'wrong-password-1'])
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  });
});

describe('at start', () => {
  it('a key is refused that is not of the certificate', () => {
    const { key } = theirs.sign('client');
    const load = () => loadConfig(KafkaConfig, { ...env, KAFKA_SSL_CERT_KEY_FILE: key });
    expect(load).toThrow('KAFKA_SSL_CERT_KEY_FILE must be');
    expect(() => loadConfig(KafkaConfig, env)).not.toThrow();
  });
});

function connection(variables: Record<string, string | undefined>): Kafka {
  const config = kafkaConfig(loadConfig(KafkaConfig, variables), 'test');
  return new Kafka({ ...config, logLevel: logLevel.NOTHING, retry: { retries: 0 } });
}

function plain() {
  return withPassword('plain');
}

function scram() {
  return withPassword('scram-sha-512');
}

function shown({ certificate, key }: Identity) {
  return { KAFKA_SSL_CERT: certificate, KAFKA_SSL_CERT_KEY_FILE: key };
}

function withPassword(mechanism: string): Record<string, string> {
  return { ...env, KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: 'castad', KAFKA_PASSWORD: PASSWORD };
}

function oauth(): Record<string, string> {
  return {
    ...env,
    KAFKA_SASL_MECHANISM: 'oauthbearer',
    KAFKA_OAUTH_TOKEN_URL: `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`,
    KAFKA_OAUTH_CLIENT_ID: 'castad',
    KAFKA_OAUTH_CLIENT_SECRET: CLIENT_SECRET,
  };
}

/** Kafka's own validator takes unsigned tokens; who may have one is decided here. */
async function tokenEndpoint(): Promise<Server> {
  const expected = `Basic ${Buffer.from(`castad:${CLIENT_SECRET}`).toString('base64')}`;
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const server = createServer((request, response) => {
    if (outage > 0) {
      outage -= 1;
      response.writeHead(503).end();
      return;
    }
    const now = Math.floor(Date.now() / 1_000);
    const granted = request.headers.authorization === expected;
    const token = `${encode({ alg: 'none' })}.${encode({ sub: 'castad', iat: now, exp: now + 600 })}.`;
    response.writeHead(granted ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(granted ? { access_token: token, expires_in: 600 } : { error: 'invalid_client' }));
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function security(broker: Identity) {
  const login = (mechanism: string, module: string, options = '') =>
    `listener.name.sasl_ssl.${mechanism}.sasl.jaas.config=org.apache.kafka.common.security.${module} required${options};`;
  return {
    scram: [`SCRAM-SHA-512=[name=castad,password=${PASSWORD}]`],
    properties: `ssl.keystore.type=PEM
ssl.keystore.location=${broker.both}
ssl.truststore.type=PEM
ssl.truststore.location=${ours.certificate}
listener.name.sasl_ssl.ssl.client.auth=required
listener.name.sasl_ssl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
${login('plain', 'plain.PlainLoginModule', ` user_castad="${PASSWORD}"`)}
${login('scram-sha-512', 'scram.ScramLoginModule')}
${login('oauthbearer', 'oauthbearer.OAuthBearerLoginModule', ' unsecuredLoginStringClaim_sub="broker"')}
`,
  };
}
