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
    void buffer(call).then(() => (answers[operation] ?? created)(reply, call));
  });
  let endpoint: string;

  const open = (environment: Record<string, string> = {}) =>
    new BlobClient(
      loadConfig(StorageServiceConfig, {
        MYSQL_URL: 'mysql://u:p@localhost/db',
        KAFKA_BROKERS: 'localhost:9092',
        INTERNAL_SECRET: 'the-secret-of-the-services',
        AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=Y2FuYXJ5;BlobEndpoint=${endpoint}/acc;`,
        HTTP_TIMEOUT_MS: '1500',
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

  it('writes a large file in blocks, and its hash when it is known', async () => {
    answers.metadata = reply => void reply.writeHead(200, { etag: '"2"' }).end();
    await open().write('a/b.mp4', 'video/mp4', large);
    expect(calls).toEqual(['container', 'block', 'block', 'block', 'commit', 'metadata']);
  });

  it('is content with finding the same file, and says when it is another', async () => {
    answers.put = refusal(409, 'BlobAlreadyExists');
    answers.properties = reply =>
      void reply.writeHead(200, { 'content-length': 5, 'x-ms-meta-sha256': small.sha256 }).end();
    await open().write('a/b.mp3', 'audio/mpeg', small);
    answers.put = refusal(412, 'ConditionNotMet');
    await open().write('a/b.mp3', 'audio/mpeg', small);
    answers.properties = reply => void reply.writeHead(200, { 'content-length': 5 }).end();
    expect(await failure(small)).toBeInstanceOf(BlobDiffers);
  });

  it.each([
    [403, 'AuthenticationFailed', { code: 'STORAGE_UNAUTHORIZED', retriable: false, account: true }],
    [400, 'InvalidHeaderValue', { code: 'STORAGE_REFUSED', retriable: false }],
    [400, 'InvalidBlockList', { code: 'STORAGE_UNAVAILABLE', retriable: true }],
    [429, 'TooManyRequests', { code: 'STORAGE_UNAVAILABLE', retriable: true }],
    [500, 'InternalError', { code: 'STORAGE_UNAVAILABLE', retriable: true }],
    [503, 'ServerBusy', { code: 'STORAGE_UNAVAILABLE', retriable: true }],
  ])('classifies %i %s', async (status, code, expected) => {
    answers.put = refusal(status, code);
    expect(await failure(small)).toMatchObject(expected);
    expect(calls).toEqual(['container', 'put']);
  });

  it('gives up on a storage that does not answer, breaks off or is not there', async () => {
    const away = { code: 'STORAGE_UNAVAILABLE', retriable: true };
    answers.put = () => undefined;
    expect(await failure(small)).toMatchObject(away);
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

  it('makes the container again after it was lost', async () => {
    answers.put = refusal(404, 'ContainerNotFound');
    const client = open();
    expect(await failure(small, client)).toMatchObject({ retriable: true });
    answers.put = created;
    await client.write('a/b.mp3', 'audio/mpeg', small);
    // An upload that was given up before may still say its last.
    expect(calls.filter(call => call === 'container' || call === 'put')).toEqual([
      'container',
      'put',
      'container',
      'put',
    ]);
  });

  it('signs links to read one file, at the address the public knows', async () => {
    const link = new URL(await open({ AZURE_PUBLIC_ENDPOINT: 'https://cdn.example.com/acc/' }).link('a/b.mp4', 60_000));
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
  const names: Record<string, string> = { block: 'block', blocklist: 'commit', metadata: 'metadata' };
  return names[searchParams.get('comp') ?? ''] ?? 'put';
}
