import { toError, type KafkaConfig as PlatformKafkaConfig } from '@castad/platform';
import kafkajs, { type KafkaConfig, type SASLOptions } from '@castad/kafkajs';
import { readFileSync } from 'node:fs';
import { OAuthTokens } from './oauth-tokens.ts';

// Node finds no names for what this package spreads into its exports.
const { KafkaJSConnectionError } = kafkajs;

/** How we reach the brokers and prove who we are, from the configuration of a service or a command. */
export function kafkaConfig(config: PlatformKafkaConfig, clientId: string): KafkaConfig {
  return {
    clientId,
    brokers: config.KAFKA_BROKERS.split(','),
    ssl: tls(config),
    sasl: sasl(config),
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    // kafkajs changes its own defaults under NODE_ENV=test.
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 10 },
  };
}

function tls(config: PlatformKafkaConfig): KafkaConfig['ssl'] {
  if (config.KAFKA_SSL === 'off') return false;
  const file = (path?: string) => (path === undefined ? undefined : readFileSync(path));
  return {
    ca: file(config.KAFKA_SSL_CA),
    cert: file(config.KAFKA_SSL_CERT),
    key: file(config.KAFKA_SSL_CERT_KEY_FILE),
  };
}

function sasl(config: PlatformKafkaConfig): SASLOptions | undefined {
  const mechanism = config.KAFKA_SASL_MECHANISM;
  if (!mechanism) return undefined;
  if (mechanism === 'oauthbearer') {
    const tokens = new OAuthTokens(config);
    const value = () => tokens.get().catch(connectAnew);
    return { mechanism, oauthBearerProvider: async () => ({ value: await value() }) };
  }
  return {
    mechanism,
    username: config.KAFKA_USERNAME as string,
    password: config.KAFKA_PASSWORD as string,
  };
}

/** kafkajs would go on with a connection that waits for the token, and the broker refuses that for good. */
function connectAnew(error: unknown): never {
  throw new KafkaJSConnectionError(toError(error).message);
}
