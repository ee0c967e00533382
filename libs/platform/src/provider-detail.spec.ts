import { describe, expect, it } from '@jest/globals';
import { ServiceConfig } from './config.ts';
import { providerDetail } from './provider-detail.ts';

class Config extends ServiceConfig {
  SUNO_API_KEY!: string;
}

const config = Object.assign(new Config(), {
  MYSQL_URL: 'mysql://u:database-password@h/d',
  SUNO_API_KEY: 'the-secret-key',
});
const detail = (...said: unknown[]) => providerDetail(said, config.redactor());

describe('providerDetail', () => {
  it("joins the provider's code and words", () => {
    expect(detail(501, 'Audio generation failed.')).toBe('501 Audio generation failed.');
  });

  it.each([[[]], [[null, undefined]], [['', ' \n']], [[{ a: 1 }, ['x']]]])(
    'is nothing where nothing was said: %j',
    said => {
      expect(detail(...said)).toBeUndefined();
    },
  );

  it.each([
    ['a configured secret', 'bad key the-secret-key, database-password'],
    ['a callback token', `cannot reach http://castad.example/callbacks/suno/${'Ab-_5'.repeat(9)}`],
    ['a signed link', 'no file at https://a.blob.example/photos/1.jpg?sv=1&sig=se%2Fcret'],
    ['a fragment', 'no file at https://a.example/1.jpg#secret'],
  ])('takes out %s', (_, said) => {
    expect(detail(said)).not.toMatch(/secret|password|Ab-_5|cret/);
  });

  it('keeps ids and addresses, which help', () => {
    const said = 'no file 01990000-0000-7000-8000-000000000001 at https://a.blob.example/photos/1.jpg';
    expect(detail(said)).toBe(said);
  });

  it('is one well-formed line of at most 1000 characters', () => {
    expect(detail('a\r\n\u0000b\u001b[31m \ud800')).toBe('a b [31m \ufffd');
    const long = detail('🌊 '.repeat(5_000)) as string;
    expect(long.length).toBeLessThanOrEqual(1000);
    expect(long.isWellFormed()).toBe(true);
  });
});
