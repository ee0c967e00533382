import { describe, expect, it } from '@jest/globals';
import { IsInt, IsString, Max } from 'class-validator';
import { inspect } from 'node:util';
import { InternalConfig, InvalidConfig, loadConfig, ServiceConfig } from './config.ts';

class SingerConfig extends ServiceConfig {
  @IsString()
  SINGER_API_KEY!: string;

  @IsInt()
  @Max(10)
  SINGER_VOICES: number = 2;
}

const environment = {
  KAFKA_BROKERS: 'one:9092,two:9092',
  MYSQL_URL: 'mysql://castad_song:s%40cret-word@127.0.0.1:3306/castad_song',
  SINGER_API_KEY: 'sk-0123456789',
};

describe('loading', () => {
  it('reads what is set and fills in the rest', () => {
    expect(loadConfig(SingerConfig, { ...environment, PORT: '4001', SINGER_VOICES: '7' })).toMatchObject({
      ...environment,
      PORT: 4001,
      SINGER_VOICES: 7,
      HOST: '0.0.0.0',
      HTTP_TIMEOUT_MS: 60_000,
      HTTP_CONNECT_TIMEOUT_MS: 10_000,
    });
  });

  it('takes an empty variable for an absent one', () => {
    expect(loadConfig(SingerConfig, { ...environment, PORT: '' }).PORT).toBe(3000);
    expect(() => loadConfig(SingerConfig, { ...environment, SINGER_API_KEY: '' })).toThrow('SINGER_API_KEY is missing');
  });

  it('reports all faults at once, and no value', () => {
    const faulty = {
      KAFKA_BROKERS: 'no-port',
      MYSQL_URL: 'postgres://root:top-secret@localhost/x',
      PORT: 'eighty',
      SINGER_VOICES: '11',
    };
    const load = () => loadConfig(SingerConfig, faulty);
    expect(load).toThrow(InvalidConfig);
    for (const name of ['KAFKA_BROKERS', 'MYSQL_URL', 'PORT', 'SINGER_VOICES', 'SINGER_API_KEY is missing'])
      expect(load).toThrow(name);
    expect(load).not.toThrow('top-secret');
  });
});

describe('secrets', () => {
  const config = loadConfig(SingerConfig, environment);

  it('are never shown', () => {
    for (const shown of [inspect(config), inspect({ config }), JSON.stringify(config)])
      for (const secret of ['sk-0123456789', 's%40cret-word']) expect(shown).not.toContain(secret);
    expect(inspect(config)).toContain('one:9092');
  });

  it('are known by value, in each form they may appear in', () => {
    expect(config.secrets()).toEqual(expect.arrayContaining(['sk-0123456789', 's%40cret-word', 's@cret-word']));
    const open = { KAFKA_BROKERS: 'one:9092', MYSQL_URL: 'mysql://root@127.0.0.1/x' };
    expect(loadConfig(ServiceConfig, open).secrets()).toEqual([]);
  });

  it('include the key inside a connection string', () => {
    class StoreConfig extends ServiceConfig {
      @IsString()
      STORE_CONNECTION_STRING!: string;
    }
    const key = 'Zm9vYmFyYmF6cXV4';
    const STORE_CONNECTION_STRING = `DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=${key}==;`;
    expect(loadConfig(StoreConfig, { ...environment, STORE_CONNECTION_STRING }).secrets()).toContain(`${key}==`);
  });

  it('include each of those that services share, while it is changed', () => {
    const secret = (INTERNAL_SECRET: string) => loadConfig(InternalConfig, { ...environment, INTERNAL_SECRET });
    const config = secret('the-new-secret-of-all,the-former-secret-of-all');
    expect(config.internalSecrets()).toEqual(['the-new-secret-of-all', 'the-former-secret-of-all']);
    expect(config.redactor()('Bearer the-former-secret-of-all')).toBe('Bearer [redacted]');
    for (const wrong of ['too-short', 'the-new-secret-of-all,', 'the-new-secret-of-all, the-former-secret-of-all'])
      expect(() => secret(wrong)).toThrow('INTERNAL_SECRET must be');
  });
});

describe('a redacted text', () => {
  const redact = loadConfig(SingerConfig, environment).redactor();
  const token = 'Zk3vU0pQm8sX1cT5rB7nW2yL4dH6gJ9fK0aE-o_iRtY';

  it.each([
    ['GET /callbacks/suno/task/TOKEN 404', 'GET /callbacks/[redacted] 404'],
    ['/v1/../callback/TOKEN?x=1', '/v1/../callback/[redacted]?x=1'],
    [
      '{"callBackUrl":"https://castad.test/callbacks/suno/task/TOKENx"}',
      '{"callBackUrl":"https://castad.test/callbacks/[redacted]"}',
    ],
    ['https%3A%2F%2Fcastad.test%2Fcallbacks%2Fsuno%2FTOKEN', 'https%3A%2F%2Fcastad.test%2Fcallbacks%2F[redacted]'],
    ['"metadata":"TOKEN"', '"metadata":"[redacted]"'],
    ['\\"token\\":\\"TOKEN\\"', '\\"token\\":\\"[redacted]\\"'],
  ])('tells no token in %s', (text, shown) => {
    expect(redact(text.replace('TOKEN', token))).toBe(shown);
  });

  it('keeps ids and names', () => {
    const text = '"taskId":"01997d2e-8c40-7b1a-9f3e-5d2c6a1b4e70","path":"/v1/projects/x","type":"SongReady.v1"';
    expect(redact(text)).toBe(text);
  });
});
