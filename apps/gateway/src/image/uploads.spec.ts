import { type AppError, httpOptions, loadConfig, Unavailable } from '@castad/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { fastify, type FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { GatewayConfig } from '../gateway.config.ts';
import { StorageClient } from '../storage/storage.client.ts';
import { Fingerprints } from './fingerprints.ts';
import { acceptForms, photosIn } from './photos.ts';
import { Uploads } from './uploads.ts';

/** More than fits into the buffers between a client, us and storage. */
const LIMIT = 3_000_000;
/** What a photo has at its end: storage can read none that lacks it. */
const END = 'the end';

const photo = (size: number) => 'x'.repeat(size - END.length) + END;

describe('photos on their way to storage', () => {
  let app: FastifyInstance;
  let url: string;
  let takeIn: (request: IncomingMessage, reply: ServerResponse) => void;
  let removed = 0;
  const storage = createServer((request, reply) => {
    if (request.method === 'PUT') return takeIn(request, reply);
    removed++;
    reply.writeHead(204).end();
  });
  const reply = (to: ServerResponse, status: number, body: object) =>
    to.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const readWhole = async (request: IncomingMessage, to: ServerResponse) => {
    const bytes = await buffer(request);
    if (bytes.toString().endsWith(END)) reply(to, 201, { size: bytes.length });
    else reply(to, 400, { code: 'IMAGE_UNREADABLE' });
  };

  beforeAll(async () => {
    await once(storage.listen(0, '127.0.0.1'), 'listening');
    const config = loadConfig(GatewayConfig, {
      MYSQL_URL: 'mysql://u:p@localhost/db',
      KAFKA_BROKERS: 'localhost:9092',
      VIDEO_URL: 'http://127.0.0.1:9',
      STORAGE_URL: `http://127.0.0.1:${(storage.address() as AddressInfo).port}`,
      INTERNAL_SECRET: 'a-secret-of-some-length',
    });
    const uploads = new Uploads(new StorageClient(new HttpService(axios.create(httpOptions(config))), config), config);
    app = fastify();
    await acceptForms(app, LIMIT);
    for (const [path, isPrinted] of [
      ['/plain', false],
      ['/printed', true],
    ] as const)
      app.post(path, request => {
        const files = photosIn(request, 60_000);
        const incoming = isPrinted ? new Fingerprints(files).passed() : files;
        return uploads.take('task-1', incoming, 10, async taken => ({ sizes: taken.map(({ size }) => size) }));
      });
    app.setErrorHandler((error, _request, to) => {
      const { code, status } = error as AppError;
      return to.status(status ?? (error instanceof Unavailable ? 503 : 400)).send({ code });
    });
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(async () => {
    await app.close();
    storage.closeAllConnections();
    await new Promise(resolve => storage.close(resolve));
  });
  beforeEach(() => {
    removed = 0;
    takeIn = (request, to) => void readWhole(request, to).catch(() => to.destroy());
  });

  describe.each(['/plain', '/printed'])('%s', path => {
    const send = async (...photos: string[]) => {
      const form = new FormData();
      for (const bytes of photos) form.append('images', new Blob([bytes]), 'photo.jpg');
      const response = await fetch(url + path, { method: 'POST', body: form });
      return { status: response.status, body: await response.json() };
    };

    it.each([LIMIT - 1, LIMIT])('are taken with %i bytes', async size => {
      expect(await send(photo(100), photo(size))).toEqual({ status: 200, body: { sizes: [100, size] } });
    });

    it.each([LIMIT + 1, LIMIT + 70_000, 3 * LIMIT])(
      'are too large with %i bytes, whatever of them is readable, and those before them are removed',
      async size => {
        const expected = { status: 413, body: { code: 'IMAGE_TOO_LARGE' } };
        expect(await send(photo(size))).toEqual(expected);
        expect(await send(photo(LIMIT) + 'x'.repeat(size - LIMIT))).toEqual(expected);
        expect(removed).toBe(2);
        expect(await send(photo(100), photo(size), photo(200))).toEqual(expected);
        expect(removed).toBe(4);
      },
    );

    it.each<[string, number, string, typeof takeIn]>([
      [
        'refuses its beginning',
        415,
        'NOT_AN_IMAGE',
        (request, to) => void request.once('data', () => reply(to, 415, { code: 'NOT_AN_IMAGE' })),
      ],
      ['dies meanwhile', 503, 'STORAGE_UNAVAILABLE', request => void request.once('data', () => request.destroy())],
    ])('are answered with the fault of storage if it %s', async (_, status, code, given) => {
      takeIn = given;
      for (const size of [100, LIMIT]) expect(await send(photo(size))).toEqual({ status, body: { code } });
    });
  });
});
