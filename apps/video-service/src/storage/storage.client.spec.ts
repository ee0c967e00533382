import { httpOptions, loadConfig, ProviderError } from '@castad/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VideoServiceConfig } from '../video-service.config.ts';
import { StorageClient } from './storage.client.ts';

const song = { revision: 1, kind: 'song' as const, ref: 'tracks', name: 'track-1' };
const links = { links: [{ ...song, url: 'https://blob.example/song.mp3' }], missing: [], failed: [] };

describe('StorageClient', () => {
  let answer: (reply: ServerResponse) => void;
  const server = createServer((_, reply) => answer(reply));
  const reply = (status: number, body: unknown) => (to: ServerResponse) =>
    to.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  const open = (changes: Record<string, string> = {}) => {
    const config = loadConfig(VideoServiceConfig, {
      MYSQL_URL: 'mysql://u:p@localhost/db',
      KAFKA_BROKERS: 'localhost:9092',
      PUBLIC_URL: 'http://castad.example',
      STORAGE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      INTERNAL_SECRET: 'a-secret-of-some-length',
      CREATOMATE_API_KEY: 'the-key',
      CREATOMATE_TEMPLATES: '9:16=portrait',
      ...changes,
    });
    return new StorageClient(new HttpService(axios.create(httpOptions(config))), config);
  };

  it('gives links', async () => {
    answer = reply(200, links);
    expect(await open().links('task-1', [song])).toEqual(links);
  });

  it.each<[string, (to: ServerResponse) => void, Record<string, string>]>([
    ['says that it is stopping', reply(503, { code: 'STOPPING' }), {}],
    ['does not know our secret', reply(401, { code: 'UNAUTHORIZED' }), {}],
    ['fails', reply(500, {}), {}],
    ['answers something else', reply(200, { links: 'none' }), {}],
    ['answers nothing', reply(200, null), {}],
    ['breaks off', to => void to.destroy(), {}],
    ['is silent', () => undefined, { HTTP_TIMEOUT_MS: '200' }],
  ])('may be asked again when it %s: nothing was ordered', async (_, given, changes) => {
    answer = given;
    const thrown: unknown = await open(changes)
      .links('task-1', [song])
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ProviderError);
    expect(thrown).toMatchObject({ code: 'STORAGE_UNAVAILABLE', refused: true, retriable: true, account: false });
  });
});
