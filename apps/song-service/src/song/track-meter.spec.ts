import { loadConfig, ProviderError, ServiceConfig, SourceClient } from '@castad/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TrackMeter } from './track-meter.ts';

function open(changes: Record<string, string> = {}): TrackMeter {
  const config = loadConfig(ServiceConfig, {
    MYSQL_URL: 'mysql://u:p@localhost/db',
    KAFKA_BROKERS: 'localhost:9092',
    FETCH_PRIVATE_HOSTS: '127.0.0.1',
    ...changes,
  });
  return new TrackMeter(new SourceClient(config), config);
}

describe('TrackMeter', () => {
  let answer: (reply: ServerResponse) => void;
  let music: Buffer;
  const server = createServer((_, reply) => answer(reply));

  beforeAll(async () => {
    music = await readFile(join(import.meta.dirname, '../../../../sandbox/suno/fixtures/loop.mp3'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  const measured = (meter = open()) =>
    meter.secondsOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/1.mp3`);
  const failure = async (): Promise<ProviderError> => {
    const thrown: unknown = await measured(open({ HTTP_TIMEOUT_MS: '500' })).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ProviderError);
    return thrown as ProviderError;
  };

  it('knows how long a file plays, whatever its host calls it', async () => {
    answer = reply => reply.writeHead(200, { 'content-type': 'application/octet-stream' }).end(music);
    const once = await measured();
    answer = reply => reply.writeHead(200).end(Buffer.concat([music, music]));
    expect(once).toBeGreaterThan(0.5);
    expect(await measured()).toBeCloseTo(2 * once, 0);
  });

  it.each<[string, (reply: ServerResponse) => void]>([
    ['a page', reply => reply.writeHead(200, { 'content-type': 'text/html' }).end('<html>busy</html>')],
    ['nothing', reply => reply.writeHead(200).end()],
    ['half a file', reply => reply.writeHead(200, { 'content-length': 9e6 }).write(music, () => reply.destroy())],
    ['silence', reply => void reply.writeHead(200).write(music.subarray(0, 100))],
  ])('may try again after %s', async (_, given) => {
    answer = given;
    expect(await failure()).toMatchObject({ code: 'SONG_UNREADABLE', retriable: true, detail: expect.any(String) });
  });

  it('does not read without end', async () => {
    answer = reply => {
      reply.writeHead(200);
      const more = () => {
        while (reply.write(Buffer.concat(Array.from({ length: 100 }, () => music))));
      };
      reply.on('drain', more);
      more();
    };
    expect(await failure()).toMatchObject({ code: 'SONG_UNREADABLE', retriable: true });
  });
});
