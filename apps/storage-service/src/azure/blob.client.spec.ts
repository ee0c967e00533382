import { AppError, loadConfig } from '@castad/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { StorageServiceConfig } from '../storage-service.config.ts';
import { BlobClient, BlobDiffers, type Content } from './blob.client.ts';

const MIB = 1024 * 1024;
const small = contentOf(Buffer.from('small'));
const large = contentOf(Buffer.alloc(20 * MIB, 7), false);

type Answer = (reply: ServerResponse, call: IncomingMessage) => void;
const refusal =
  (status: number, code: string): Answer =>
  reply =>
    void reply
      .writeHead(status, { 'x-ms-error-code': code, 'content-type': 'application/xml' })
      .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>canary</Message></Error>`);
const created: Answer = reply => void reply.writeHead(201, { etag: '"1"' }).end();

describe('BlobClient', () => {
  let answers: Record<string, Answer>;
  let calls: string[];
  const server = createServer((call, reply) => {
    const operation = operationOf(call);
    calls.push(operation);
    const gone = () => undefined;
    void buffer(call).then(() => (answers[operation] ?? created)(reply, call), gone);
  });
  let endpoint: string;

  const open = (environment: Record<string, string> = {}) =>
    new BlobClient(
      loadConfig(StorageServiceConfig, {
        MYSQL_URL: 'mysql://u:p@localhost/db',
        KAFKA_BROKERS: 'localhost:9092',
        INTERNAL_SECRET: 'the-secret-of-the-services',
        AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=Y2FuYXJ5;BlobEndpoint=${endpoint}/acc;`,
        ...environment,
      }),
    );
  const failure = async (content: Content, client = open()): Promise<AppError> => {
    const thrown: unknown = await client.write('a/b.mp3', 'audio/mpeg', content).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(AppError);
    return thrown as AppError;
  };

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    answers = {};
    calls = [];
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  it('writes a small file in one request, typed and hashed, over nothing', async () => {
    let headers: IncomingMessage['headers'] = {};
    answers.put = (reply, call) => {
      headers = call.headers;
      created(reply, call);
    };
    const client = open();
    await client.write('a/b.mp3', 'audio/mpeg', small);
    await client.write('a/c.mp3', 'audio/mpeg', small);
    expect(calls).toEqual(['container', 'put', 'put']);
    expect(headers).toMatchObject({
      'x-ms-blob-content-type': 'audio/mpeg',
      'x-ms-meta-sha256': small.sha256,
      'if-none-match': '*',
    });
  });

  it('writes a large file in blocks, one in memory at a time, and commits them with its hash', async () => {
    let headers: IncomingMessage['headers'] = {};
    let busy = 0;
    answers.block = (reply, call) => {
      expect(++busy).toBe(1);
      setImmediate(() => {
        busy--;
        created(reply, call);
      });
    };
    answers.commit = (reply, call) => {
      headers = call.headers;
      created(reply, call);
    };
    expect(await open().write('a/b.mp4', 'video/mp4', large)).toBe('"1"');
    expect(calls).toEqual(['container', 'block', 'block', 'block', 'commit']);
    expect(headers).toMatchObject({ 'x-ms-meta-sha256': large.sha256, 'if-none-match': '*' });
  });

  it('shares its blocks with no other upload to the same path', async () => {
    const ids: string[] = [];
    answers.block = (reply, call) => {
      ids.push(new URL(call.url ?? '', endpoint).searchParams.get('blockid') ?? '');
      created(reply, call);
    };
    await open().write('a/b.mp4', 'video/mp4', large);
    await open().write('a/b.mp4', 'video/mp4', large);
    expect(new Set(ids).size).toBe(6);
    expect(new Set(ids.map(({ length }) => length)).size).toBe(1);
  });

  it('is content with finding the same file, and says when it is another', async () => {
    answers.put = refusal(409, 'BlobAlreadyExists');
    answers.properties = reply =>
      void reply.writeHead(200, { 'content-length': 5, 'x-ms-meta-sha256': small.sha256, etag: '"7"' }).end();
    expect(await open().write('a/b.mp3', 'audio/mpeg', small)).toBe('"7"');
    answers.put = refusal(412, 'ConditionNotMet');
    await open().write('a/b.mp3', 'audio/mpeg', small);
    answers.properties = reply => void reply.writeHead(200, { 'content-length': 5, etag: '"8"' }).end();
    const differs = await failure(small);
    expect(differs).toBeInstanceOf(BlobDiffers);
    expect(differs).toMatchObject({ etag: '"8"' });
  });

  it.each([
    [409, 'BlobAlreadyExists'],
    [412, 'ConditionNotMet'],
    [400, 'InvalidBlockList'],
  ])('looks what is there when somebody was first to commit (%i %s)', async (status, code) => {
    answers.commit = refusal(status, code);
    const found = (length: number, sha256: string): Answer => {
      return reply =>
        void reply.writeHead(200, { 'content-length': length, 'x-ms-meta-sha256': sha256, etag: '"7"' }).end();
    };
    answers.properties = found(large.size, large.sha256);
    expect(await open().write('a/b.mp4', 'video/mp4', large)).toBe('"7"');
    answers.properties = found(large.size, small.sha256);
    expect(await failure(large)).toBeInstanceOf(BlobDiffers);
    answers.properties = reply => void reply.writeHead(404).end();
    expect(await failure(large)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retriable: true });
    expect(calls.slice(-2)).toEqual(['commit', 'properties']);
  });

  it.each([
    [429, 'TooManyRequests'],
    [409, 'ContainerBeingDeleted'],
    [503, 'ServerBusy'],
  ])('leaves it to the worker to write again after a %i %s in the middle', async (status, code) => {
    answers.block = refusal(status, code);
    expect(await failure(large)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retriable: true });
    answers = { commit: refusal(status, code) };
    expect(await failure(large)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retriable: true });
    expect(calls).toEqual(['container', 'block', 'container', 'block', 'block', 'block', 'commit']);
  });

  it("names the storage's own request in an error", async () => {
    answers.put = reply =>
      void reply.writeHead(500, { 'x-ms-error-code': 'InternalError', 'x-ms-request-id': 'theirs' }).end();
    const detail = 'blob storage answered 500 InternalError (request theirs)';
    expect(await failure(small)).toMatchObject({ detail, cause: { message: detail } });
  });

  it('removes only what it means, and is content when that is gone', async () => {
    let headers: IncomingMessage['headers'] = {};
    answers.delete = (reply, call) => {
      headers = call.headers;
      reply.writeHead(202).end();
    };
    await open().remove('a/b.mp3', '"7"');
    expect(headers).toMatchObject({ 'if-match': '"7"' });
    for (const [status, code] of [
      [412, 'ConditionNotMet'],
      [404, 'BlobNotFound'],
      [404, 'ContainerNotFound'],
    ] as const) {
      answers.delete = refusal(status, code);
      await open().remove('a/b.mp3', '"7"');
    }
    answers.delete = refusal(503, 'ServerBusy');
    await expect(open().remove('a/b.mp3')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it.each([
    [403, 'AuthenticationFailed', { code: 'STORAGE_UNAUTHORIZED', retriable: true, account: true, status: 503 }],
    [403, 'AccountIsDisabled', { code: 'STORAGE_UNAUTHORIZED', retriable: true, account: true, status: 503 }],
    [401, 'NoAuthenticationInformation', { code: 'STORAGE_UNAUTHORIZED', retriable: true, account: true, status: 503 }],
    [400, 'InvalidHeaderValue', { code: 'STORAGE_REFUSED', retriable: false }],
    [429, 'TooManyRequests', { code: 'STORAGE_UNAVAILABLE', retriable: true }],
    [500, 'InternalError', { code: 'STORAGE_UNAVAILABLE', retriable: true }],
    [503, 'ServerBusy', { code: 'STORAGE_UNAVAILABLE', retriable: true, status: 503 }],
  ])('classifies %i %s', async (status, code, expected) => {
    answers.put = refusal(status, code);
    expect(await failure(small)).toMatchObject(expected);
    expect(calls).toEqual(['container', 'put']);
  });

  it('waits as long as the storage asks', async () => {
    answers.put = reply => void reply.writeHead(503, { 'x-ms-error-code': 'ServerBusy', 'retry-after': '7' }).end();
    expect(await failure(small)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryAfterMs: 7_000 });
  });

  it('gives up on a storage that does not answer, breaks off or is not there', async () => {
    const away = { code: 'STORAGE_UNAVAILABLE', retriable: true };
    answers.put = () => undefined;
    expect(await failure(small, open({ HTTP_TIMEOUT_MS: '1000' }))).toMatchObject(away);
    answers.put = (_, call) => call.socket.destroy();
    expect(await failure(small)).toMatchObject(away);
    answers.block = (_, call) => call.socket.destroy();
    expect(await failure(large)).toMatchObject(away);
    answers.block = () => undefined;
    expect(await failure(large, open({ STORAGE_COPY_TIMEOUT_MS: '200' }))).toMatchObject(away);
    const nowhere = 'DefaultEndpointsProtocol=http;AccountName=a;AccountKey=eA==;BlobEndpoint=http://127.0.0.1:2/a;';
    expect(await failure(small, open({ AZURE_STORAGE_CONNECTION_STRING: nowhere }))).toMatchObject(away);
  });

  it('commits nothing of a file that breaks off', async () => {
    const broken = {
      ...large,
      chunks: async function* () {
        yield Buffer.alloc(10 * MIB);
        throw new AppError('FILE_TRUNCATED', 'broken');
      },
    };
    expect(await failure(broken)).toMatchObject({ code: 'FILE_TRUNCATED' });
    expect(calls).not.toContain('commit');
  });

  it('commits nothing of an upload that was given up, however late its last block gets there', async () => {
    let arrived = () => {};
    const last = new Promise<void>(resolve => (arrived = resolve));
    let release = () => {};
    answers.block = (reply, call) => {
      if (calls.filter(operation => operation === 'block').length < 3) return created(reply, call);
      release = () => created(reply, call);
      arrived();
    };
    const given = failure(large, open({ STORAGE_COPY_TIMEOUT_MS: '1000' }));
    await Promise.race([last, given]);
    expect(await given).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    release();
    // Another call through the same connections comes after all that the upload may have sent.
    await open().write('a/c.mp3', 'audio/mpeg', small);
    expect(calls).not.toContain('commit');
  });

  it('makes a container that was lost again, also in the middle of a file', async () => {
    const client = open();
    await client.write('a/b.mp3', 'audio/mpeg', small);
    const lost = (operation: string) => {
      calls.length = 0;
      answers[operation] = (reply, call) => {
        answers = {};
        refusal(404, 'ContainerNotFound')(reply, call);
      };
    };
    lost('put');
    await client.write('a/b.mp3', 'audio/mpeg', small);
    expect(calls).toEqual(['put', 'container', 'put']);
    lost('block');
    await client.write('a/b.mp4', 'video/mp4', large);
    expect(calls).toEqual(['block', 'container', 'block', 'block', 'block', 'commit']);
  });

  it.each(['https://cdn.example.com/acc', 'https://cdn.example.com/acc/'])(
    'takes %s for the public address',
    async at => {
      const link = new URL((await open({ AZURE_PUBLIC_ENDPOINT: at }).link('a/b.mp4', 60_000)).url);
      expect(link.origin + link.pathname).toBe('https://cdn.example.com/acc/castad/a/b.mp4');
    },
  );

  it('signs links to read one file, at the address the public knows', async () => {
    const { url } = await open({ AZURE_PUBLIC_ENDPOINT: 'https://cdn.example.com/acc/' }).link('a/b.mp4', 60_000);
    const link = new URL(url);
    expect(link.origin + link.pathname).toBe('https://cdn.example.com/acc/castad/a/b.mp4');
    expect(link.searchParams.get('sp')).toBe('r');
    const [from, to] = ['st', 'se'].map(name => new Date(link.searchParams.get(name) ?? '').getTime()) as [
      number,
      number,
    ];
    expect(to - from).toBe(60_000 + 600_000);
  });

  it('tells nothing of the key', async () => {
    answers.put = refusal(403, 'AuthenticationFailed');
    const { message, cause } = await failure(small);
    expect(`${message} ${String(cause)}`).not.toMatch(/Y2FuYXJ5|canary|Signature/);
    expect(() => open({ AZURE_STORAGE_CONNECTION_STRING: 'AccountKey=x' })).toThrow('not a connection string');
  });
});

function contentOf(bytes: Buffer, isSmall = true): Content {
  return {
    whole: isSmall ? bytes : undefined,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *chunks() {
      yield bytes;
    },
  };
}

function operationOf({ url = '', method }: IncomingMessage): string {
  const { searchParams } = new URL(url, 'http://host');
  if (searchParams.get('restype') === 'container') return 'container';
  if (method === 'HEAD') return 'properties';
  if (method === 'DELETE') return 'delete';
  const names: Record<string, string> = { block: 'block', blocklist: 'commit' };
  return names[searchParams.get('comp') ?? ''] ?? 'put';
}
