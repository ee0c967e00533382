import { KafkaConfig, loadConfig } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { kafkaConfig } from './kafka-access.ts';

const accessOf = (variables: Record<string, string> = {}) =>
  kafkaConfig(loadConfig(KafkaConfig, { KAFKA_BROKERS: 'one:9092,two:9092', ...variables }), 'song-service');

describe('the brokers are reached', () => {
  it('in plain text, unless told otherwise', () => {
    expect(accessOf()).toMatchObject({ clientId: 'song-service', brokers: ['one:9092', 'two:9092'], ssl: false });
    expect(accessOf().sasl).toBeUndefined();
  });

  it('by TLS, verified with the authorities that Node knows', () => {
    expect(accessOf({ KAFKA_SSL: 'on' }).ssl).toEqual({});
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('with a password: %s', mechanism => {
    const variables = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: 'castad', KAFKA_PASSWORD: 'lantern' };
    expect(accessOf(variables).sasl).toEqual({ mechanism, username: 'castad', password: 'lantern' });
  });

  it('with tokens', () => {
    const variables = {
      KAFKA_SASL_MECHANISM: 'oauthbearer',
      KAFKA_OAUTH_TOKEN_URL: 'https://tokens.test',
      KAFKA_OAUTH_CLIENT_ID: 'castad',
      KAFKA_OAUTH_CLIENT_SECRET: 'meadow',
    };
    expect(accessOf(variables).sasl).toEqual({
      mechanism: 'oauthbearer',
      oauthBearerProvider: expect.any(Function) as unknown,
    });
  });
});
