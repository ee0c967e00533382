import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { HEAD_BYTES, IncomingFile, type Limits } from './incoming-file.ts';

const limits: Limits = { maxBytes: 100 * 1024 * 1024, idleMs: 10_000, totalMs: 10_000 };
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const open = (bytes: Buffer, changes: Partial<Limits> = {}) =>
  IncomingFile.open(Readable.from(slices(bytes)), { ...limits, ...changes });

async function readAll(file: IncomingFile): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of file.chunks()) parts.push(part);
  return Buffer.concat(parts);
}

describe('IncomingFile', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([0, 1, 100_000, HEAD_BYTES])('holds a file of %i bytes', async size => {
    const bytes = randomBytes(size);
    const file = await open(bytes, { announcedBytes: size });
    expect(file.whole?.equals(bytes)).toBe(true);
    expect(file).toMatchObject({ size, sha256: sha256(bytes) });
  });

  it.each([HEAD_BYTES + 1, HEAD_BYTES * 2 + 17])('passes on a file of %i bytes', async size => {
    const bytes = randomBytes(size);
    const file = await open(bytes, { announcedBytes: size });
    expect(file.whole).toBeUndefined();
    expect(await file.type()).toBeUndefined();
    expect((await readAll(file)).equals(bytes)).toBe(true);
    expect(file).toMatchObject({ size, sha256: sha256(bytes) });
  });

  it('knows the type by the first bytes, whatever follows', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d494844520000000100000001', 'hex');
    const file = await open(Buffer.concat([png, Buffer.alloc(9), Buffer.from('IDAT'), Buffer.alloc(HEAD_BYTES)]));
    expect(await file.type()).toMatchObject({ mime: 'image/png' });
    await file.close();
  });

  it.each([1000, 10 * 1024 * 1024])('rejects %i bytes that were announced as more, or as less', async size => {
    for (const announcedBytes of [size + 1, size - 1]) {
      const reading = open(Buffer.alloc(size), { announcedBytes }).then(readAll);
      await expect(reading).rejects.toMatchObject({ fault: 'TRUNCATED', retriable: true });
    }
  });

  it('rejects more than it may take, before reading it where that was announced', async () => {
    let isRead = false;
    const source = new Readable({ read: () => (isRead = true) });
    await expect(IncomingFile.open(source, { ...limits, maxBytes: 10, announcedBytes: 11 })).rejects.toMatchObject({
      fault: 'TOO_LARGE',
      retriable: false,
    });
    expect(isRead).toBe(false);
    await expect(open(Buffer.alloc(11), { maxBytes: 10 })).rejects.toMatchObject({ fault: 'TOO_LARGE' });
  });

  it('rejects a source that breaks off', async () => {
    const source = new PassThrough();
    source.write('some');
    const opening = IncomingFile.open(source, limits);
    source.destroy(new Error('reset'));
    await expect(opening).rejects.toMatchObject({ fault: 'TRUNCATED', retriable: true });
  });

  it('rejects a source that falls silent, or never ends', async () => {
    const silent = new PassThrough();
    silent.write('some');
    await expect(IncomingFile.open(silent, { ...limits, idleMs: 20 })).rejects.toMatchObject({ fault: 'STALLED' });
    const endless = Readable.from(drops());
    await expect(IncomingFile.open(endless, { ...limits, totalMs: 50 })).rejects.toMatchObject({ fault: 'STALLED' });
  });

  it('does not count the time that its reader takes', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const file = await open(Buffer.alloc(HEAD_BYTES * 2), { idleMs: 20 });
    jest.advanceTimersByTime(60);
    expect(await readAll(file)).toHaveLength(HEAD_BYTES * 2);
  });

  it('leaves its source open when it is closed early', async () => {
    const source = Readable.from(slices(Buffer.alloc(HEAD_BYTES * 3)));
    const file = await IncomingFile.open(source, limits);
    await file.close();
    expect(source.destroyed).toBe(false);
    source.destroy();
  });
});

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function* drops(): AsyncGenerator<Buffer> {
  for (;;) {
    await turn();
    yield Buffer.from('x');
  }
}
