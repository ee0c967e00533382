import { loadConfig } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { StorageServiceConfig } from './storage-service.config.ts';

const open = (changes: Record<string, string>) =>
  loadConfig(StorageServiceConfig, {
    MYSQL_URL: 'mysql://u:p@localhost/db',
    KAFKA_BROKERS: 'localhost:9092',
    INTERNAL_SECRET: 'the-secret-of-the-services',
    ...changes,
  });
const withKey = 'DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=Y2FuYXJ5Y2FuYXJ5;';

describe('the storage account', () => {
  it('is the one of the connection string, with its key', () => {
    const config = open({ AZURE_STORAGE_CONNECTION_STRING: withKey });
    expect(config.blobEndpoint()).toBeUndefined();
    expect(config.secrets()).toContain('Y2FuYXJ5Y2FuYXJ5');
  });

  it.each([
    ['castadfiles', 'https://castadfiles.blob.core.windows.net'],
    ['https://castadfiles.blob.core.chinacloudapi.cn', 'https://castadfiles.blob.core.chinacloudapi.cn'],
    ['https://127.0.0.1:10000/devstoreaccount1/', 'https://127.0.0.1:10000/devstoreaccount1'],
  ])('is %s without a key', (AZURE_STORAGE_ACCOUNT, endpoint) => {
    const config = open({ AZURE_STORAGE_ACCOUNT, AZURE_CLIENT_SECRET: 'the-client-secret' });
    expect(config.blobEndpoint()).toBe(endpoint);
    expect(config.secrets()).toContain('the-client-secret');
  });

  it.each<[string, Record<string, string>, string]>([
    ['neither is named', {}, 'AZURE_STORAGE_CONNECTION_STRING is missing'],
    [
      'both are named',
      { AZURE_STORAGE_CONNECTION_STRING: withKey, AZURE_STORAGE_ACCOUNT: 'acc' },
      'AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_CONNECTION_STRING exclude each other',
    ],
    [
      'the string has no key',
      { AZURE_STORAGE_CONNECTION_STRING: 'BlobEndpoint=https://acc.example;SharedAccessSignature=sv=x' },
      'must hold an AccountKey; for an account without one set AZURE_STORAGE_ACCOUNT',
    ],
    ['tokens would go unencrypted', { AZURE_STORAGE_ACCOUNT: 'http://127.0.0.1:10000/acc' }, 'or its https address'],
    ['the name is none', { AZURE_STORAGE_ACCOUNT: 'Castad Files' }, 'must be the name of a storage account'],
  ])('is not accepted where %s', (_, changes, words) => {
    expect(() => open(changes)).toThrow(words);
  });
});
