import { InvalidShape, validationPipe } from '@castad/platform';
import { describe, expect, it } from '@jest/globals';
import { IsOptional } from 'class-validator';
import { Metadata, MetadataPatch } from './metadata.ts';

class Request {
  @IsOptional()
  @Metadata()
  metadata?: unknown;
}

class Patch {
  @IsOptional()
  @MetadataPatch()
  metadata?: unknown;
}

const taken = async (metadata: unknown, metatype: new () => { metadata?: unknown } = Request): Promise<unknown> =>
  ((await validationPipe().transform({ metadata }, { type: 'body', metatype })) as Request).metadata;
const faults = (metadata: unknown) =>
  taken(metadata).then(
    () => [],
    (error: unknown) => (error as InvalidShape).errors,
  );

describe('metadata', () => {
  it('is taken as it is, but for one form of text, whatever its keys are called', async () => {
    const metadata = { a: '', 'b c': 'line\nline', toString: 'd', café: '\u00e9' };
    expect(await taken({ ...metadata, 'cafe\u0301': 'e\u0301' })).toEqual(metadata);
  });

  it('says what is wrong with which key', async () => {
    expect(await faults({ a: 1, b: { c: 'd' }, '': 'x', good: 'x' })).toEqual([
      'metadata.a must be a text; metadata.b must be a text; a key of metadata must hold something that can be seen',
    ]);
    expect(await faults({ a: 'x'.repeat(501) })).toEqual([
      'metadata.a must be at most 500 code points long and has 501',
    ]);
    expect(await faults({ ['k'.repeat(41)]: 'x' })).toEqual([
      'a key of metadata must be at most 40 code points long and has 41',
    ]);
    for (const value of ['a', 1, true, ['a']]) expect(await faults(value)).toEqual(['metadata must be a map of texts']);
  });

  it('takes null for a key in a patch alone', async () => {
    expect(await taken({ a: null }, Patch)).toEqual({ a: null });
    expect(await faults({ a: null })).toEqual(['metadata.a must be a text']);
  });
});
