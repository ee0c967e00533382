import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { blocksOf } from './blocks.ts';

const blocks = async (...chunks: string[]) => {
  const all: string[] = [];
  for await (const block of blocksOf(Readable.from(chunks.map(chunk => Buffer.from(chunk))), 4))
    all.push(block.toString());
  return all;
};

describe('blocksOf', () => {
  it('makes blocks of one size of chunks of any size', async () => {
    expect(await blocks('ab', 'c', 'defghijkl', 'm')).toEqual(['abcd', 'efgh', 'ijkl', 'm']);
    expect(await blocks('abcd', 'efgh')).toEqual(['abcd', 'efgh']);
    expect(await blocks('a')).toEqual(['a']);
    expect(await blocks('')).toEqual([]);
  });
});
