import { messages } from '@castad/contracts';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { breaks, checksums, readersOfToday, readJson, READERS, SAMPLES, shapesOf, type Reader } from './readers.ts';
import type { Schema } from './schemas.ts';

const ajv = new Ajv({ strict: false });
formats.default(ajv);

const today = readersOfToday();
const releases = readdirSync(READERS)
  .filter(file => file.endsWith('.json'))
  .map(file => ({ file, type: /^\w+\.v\d+/.exec(file)?.[0] ?? '', reader: readJson<Reader>(join(READERS, file)) }));

describe('the frozen readers', () => {
  it('are not edited once released', () => {
    expect(checksums(READERS).sort()).toEqual(
      readFileSync(join(READERS, 'CHECKSUMS'), 'utf8')
        .trim()
        .split('\n')
        .map(line => `${line}\n`)
        .sort(),
    );
  });

  it.each(messages.map(({ type }) => type))('of %s end with today’s: if not, `npm run asyncapi -- --freeze`', type => {
    const newest = shapesOf(READERS, type).at(-1);
    expect(newest && readJson(newest)).toEqual(today.get(type));
  });

  it.each(messages.map(({ type }) => type))('of %s are as many as its samples', type => {
    const names = (folder: string) => shapesOf(folder, type).map(file => basename(file));
    expect(names(READERS)).toEqual(names(SAMPLES));
  });
});

describe.each(releases)('a consumer released with $file', ({ type, reader }) => {
  const accepts = ajv.compile(reader.schema);

  it.each(shapesOf(SAMPLES, type).map(file => [basename(file), file]))('accepts %s', (_name, file) => {
    expect(accepts(readJson(file)) || accepts.errors).toBe(true);
  });

  it('understands today’s producer, and today’s consumer its producer', () => {
    expect(breaks(reader, today.get(type))).toEqual([]);
  });
});

describe('what a type may become without a new version', () => {
  const text: Schema & Record<string, unknown> = { type: 'string', maxLength: 80 };
  const format: Schema & Record<string, unknown> = { type: 'string', enum: ['9:16', '16:9'] };
  const lines: Schema = { type: 'array', items: { type: 'object', required: ['text'], properties: { text } } };
  const released: Reader = {
    topic: 'castad.song.events',
    schema: { type: 'object', required: ['title'], properties: { title: text, format, lines } },
  };
  const but = (schema: Schema, properties: Record<string, Schema> = {}): Reader => ({
    ...released,
    schema: { ...released.schema, ...schema, properties: { ...released.schema.properties, ...properties } },
  });
  const linesOf = (item: Schema): Schema => ({ ...lines, items: { ...lines.items, ...item } });

  it.each([
    ['itself', released],
    ['itself and an optional property', but({}, { retryOf: { type: 'number' } })],
    ['itself and an optional property further in', but({}, { lines: linesOf({ properties: { text, start: {} } }) })],
    ['itself and an optional object that requires something', but({}, { lyric: { type: 'object', required: ['a'] } })],
  ])('%s', (_name, reader) => {
    expect(breaks(released, reader)).toEqual([]);
  });

  it.each([
    ['nothing', undefined],
    ['the same on another topic', { ...released, topic: 'castad.video.events' }],
    ['one that requires more', but({ required: ['title', 'format'] })],
    ['one that requires less', but({ required: [] })],
    ['one without a property', { ...released, schema: { ...released.schema, properties: { title: text, format } } }],
    ['one with a longer text', but({}, { title: { ...text, maxLength: 100 } as Schema })],
    ['one with a shorter text', but({}, { title: { ...text, maxLength: 40 } as Schema })],
    ['one with another type', but({}, { title: { type: 'number' } })],
    ['one with one more word', but({}, { format: { ...format, enum: ['9:16', '16:9', '1:1'] } as Schema })],
    ['one with a word less', but({}, { format: { ...format, enum: ['9:16'] } as Schema })],
    ['one that requires more further in', but({}, { lines: linesOf({ required: ['text', 'start'] }) })],
    ['one with other items', but({}, { lines: { ...lines, items: text } })],
  ])('not %s', (_name, reader) => {
    expect(breaks(released, reader)).not.toEqual([]);
  });
});
