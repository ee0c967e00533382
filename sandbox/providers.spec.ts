import { describe, expect, it } from '@jest/globals';
import { checkCombination, givenProvider, isGiven, standIn } from './providers.ts';

describe('a provider from the environment', () => {
  it('is given by its key or its address', () => {
    expect(isGiven('suno', {})).toBe(false);
    expect(isGiven('suno', { SUNO_API_KEY: '' })).toBe(false);
    expect(isGiven('suno', { SUNO_API_KEY: 'key' })).toBe(true);
    expect(isGiven('openai', { OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' })).toBe(true);
  });

  it('has its real address by default', () => {
    expect(givenProvider('openai', { OPENAI_API_KEY: 'key' })).toEqual({
      OPENAI_BASE_URL: 'https://api.openai.com/v1',
      OPENAI_API_KEY: 'key',
    });
  });

  it('needs no key when it is a model server at home', () => {
    expect(givenProvider('openai', { OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' }).OPENAI_API_KEY).toBe('none');
  });

  it('is refused without what its service cannot do without', () => {
    expect(() => givenProvider('suno', { SUNO_BASE_URL: 'https://suno.test' })).toThrow('SUNO_API_KEY is not');
    expect(() => givenProvider('creatomate', { CREATOMATE_API_KEY: 'key' })).toThrow('which templates are yours?');
  });
});

describe('a stand-in', () => {
  it('takes the place of its provider under the same variables', () => {
    expect(standIn('openai', 'http://127.0.0.1:1')).toEqual({
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
      OPENAI_API_KEY: 'sandbox',
    });
    expect(Object.keys(standIn('creatomate', 'http://127.0.0.1:1'))).toContain('CREATOMATE_TEMPLATES');
  });
});

describe('a combination', () => {
  const creatomate = { CREATOMATE_API_KEY: 'key', CREATOMATE_TEMPLATES: '9:16=id' };

  it('of the real Creatomate and our Azurite is refused', () => {
    expect(() => checkCombination(creatomate)).toThrow('Creatomate cannot reach the photos and songs');
  });

  it.each(['AZURE_STORAGE_CONNECTION_STRING', 'AZURE_STORAGE_ACCOUNT'])('of the real Creatomate and %s works', name => {
    const env = { ...creatomate, [name]: 'castadfiles', PUBLIC_URL: 'https://castad.test' };
    expect(checkCombination(env)).toEqual([]);
  });

  it('of a Creatomate on this machine and our Azurite works', () => {
    expect(checkCombination({ ...creatomate, CREATOMATE_BASE_URL: 'http://localhost:4000' })).toEqual([]);
  });

  it('without a public address works by polling, and says so', () => {
    expect(checkCombination({ SUNO_API_KEY: 'key' })).toEqual([
      expect.stringContaining('callbacks of suno cannot arrive'),
    ]);
    expect(checkCombination({ SUNO_API_KEY: 'key', PUBLIC_URL: 'https://castad.test' })).toEqual([]);
  });
});
