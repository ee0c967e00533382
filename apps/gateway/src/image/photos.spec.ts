import type { AppError } from '@castad/platform';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { acceptForms, photosIn } from './photos.ts';

const part = (disposition: string, content = 'x') =>
  `--b\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
const file = (name: string, content?: string) => part(`name="${name}"; filename="a.jpg"`, content);
const FORM = 'multipart/form-data; boundary=b';
const IDLE_MS = 1_000;
/** More than fits into the buffers between a client and us. */
const MAX_BYTES = 4_000_000;
/** Only the interval that watches the client is wound forward. */
const EVERYTHING_ELSE = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;
const END = '--b--\r\n';

describe('a form of photos', () => {
  let app: FastifyInstance;
  let url: string;
  const seen: string[] = [];
  /** What we do before we read a photo. */
  let handle = async (_request: IncomingMessage) => {};

  beforeAll(async () => {
    app = fastify();
    await acceptForms(app, MAX_BYTES + 1);
    app.post('/', async request => {
      const photos: string[] = [];
      for await (const photo of photosIn(request, IDLE_MS)) {
        await handle(request.raw);
        photos.push((await photo.toArray()).join(''));
      }
      return { photos };
    });
    app.setErrorHandler((error, _request, reply) => {
      seen.push((error as AppError).code);
      return reply.status(400).send({ code: (error as AppError).code });
    });
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => app?.close());
  afterEach(() => {
    handle = async () => {};
    jest.useRealTimers();
  });

  const answer = async (body: string, type = FORM) =>
    (await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })).json();

  it('gives its files one after the other', async () => {
    expect(await answer(file('images', 'one') + file('images', 'two') + END)).toEqual({ photos: ['one', 'two'] });
    expect(await answer(END)).toEqual({ photos: [] });
    expect(await answer('')).toEqual({ photos: [] });
  });

  it('does not take for silence that we are slow ourselves', async () => {
    jest.useFakeTimers({ doNotFake: [...EVERYTHING_ELSE] });
    handle = async request => {
      while (request.readableLength === 0) await turn();
      jest.advanceTimersByTime(3 * IDLE_MS);
    };
    const large = 'x'.repeat(MAX_BYTES);
    expect(await answer(file('images', large) + END)).toEqual({ photos: [large] });
  });

  it('does not wait for ever for a client that is silent', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${FORM}\r\ncontent-length: 1000\r\n\r\n--b\r\n`);
    await once(socket, 'close');
    expect(seen.at(-1)).toBe('INVALID_MULTIPART');
  });

  it.each<[string, string, string, string?]>([
    ['JSON', 'NOT_MULTIPART', '{}', 'application/json'],
    ['no boundary', 'INVALID_MULTIPART', file('images'), 'multipart/form-data'],
    ['another boundary', 'INVALID_MULTIPART', file('images') + END, 'multipart/form-data; boundary=c'],
    ['no end', 'INVALID_MULTIPART', '--b\r\n'],
    ['a foreign field', 'UNKNOWN_FIELD', file('photos') + END],
    ['a part without a name', 'UNKNOWN_FIELD', part('filename="a.jpg"') + END],
    ['a text field', 'UNKNOWN_FIELD', part('name="title"') + END],
    ['a text in place of a file', 'NOT_A_FILE', part('name="images"') + END],
    ['a long text', 'UNKNOWN_FIELD', part('name="title"', 'x'.repeat(200_000)) + END],
    ['many texts', 'UNKNOWN_FIELD', part('name="title"').repeat(2_000) + END],
    ["a name of the prototype's", 'INVALID_MULTIPART', file('__proto__') + END],
    ['too large a file', 'IMAGE_TOO_LARGE', file('images', 'x'.repeat(MAX_BYTES + 2)) + END],
  ])('is refused with %s', async (_, code, body, type = FORM) => {
    expect(await answer(body, type)).toEqual({ code });
  });
});
