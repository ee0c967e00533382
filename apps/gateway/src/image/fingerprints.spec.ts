import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Fingerprints } from './fingerprints.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
async function* files(...texts: string[]) {
  for (const text of texts) yield Readable.from([Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))]);
}

describe('fingerprints of files', () => {
  it('are those of what was sent, however it was cut, and pass it on', async () => {
    const prints = new Fingerprints(files('one', 'two'));
    const passed: string[] = [];
    for await (const file of prints.passed()) passed.push((await buffer(file as Readable)).toString());
    expect(passed).toEqual(['one', 'two']);
    expect(prints.body).toEqual({ files: [sha256('one'), sha256('two')] });
  });

  it('of an address are the address', async () => {
    const addresses = async function* () {
      yield new URL('https://example.com/1.jpg');
    };
    expect(await new Fingerprints(addresses()).read()).toEqual({ files: ['https://example.com/1.jpg'] });
  });

  it('are the same when nobody else reads the files', async () => {
    expect(await new Fingerprints(files('one', 'two')).read()).toEqual({ files: [sha256('one'), sha256('two')] });
  });

  it('pass on that a file broke off', async () => {
    const broken = new Error('cut off');
    const prints = new Fingerprints(
      (async function* () {
        yield Readable.from(
          (function* () {
            yield Buffer.from('a');
            throw broken;
          })(),
        );
      })(),
    );
    await expect(prints.read()).rejects.toThrow('cut off');
    expect(prints.body).toEqual({ files: [] });
  });
});
