import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messages } from './catalog.ts';
import { InvalidMessage, parseMessage } from './parse.ts';

type Json = Record<string, unknown>;

const folder = join(import.meta.dirname, 'samples');
const files = readdirSync(folder).filter(file => file.endsWith('.json'));
const read = (file: string) => readFileSync(join(folder, file));

/** `SongReady.v1.json`, then `SongReady.v1.2.json`: one more for each time the type has grown. */
const samplesOf = (type: string) =>
  files
    .filter(file => file.startsWith(`${type}.`))
    .map(file => ({ number: Number(/\.(\d+)\.json$/.exec(file)?.[1] ?? 1), file }))
    .sort((a, b) => a.number - b.number)
    .map(({ number, file }) => ({ number, file, sample: JSON.parse(read(file).toString()) as Json }));

/** A declared property of the message or of an object in it, by its place in one sample. */
interface Property {
  owner: string;
  path: string[];
  isOptional: boolean;
}

/** The properties that the classes of a message and of its parts declare, present or not. */
function propertiesOf(value: unknown, path: string[] = []): Property[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => propertiesOf(item, [...path, String(index)]));
  if (typeof value !== 'object' || value === null) return [];
  const rules = getMetadataStorage().getTargetValidationMetadatas(value.constructor, '', false, false);
  return [...new Set(rules.map(rule => rule.propertyName))].flatMap(name => [
    {
      owner: value.constructor.name,
      path: [...path, name],
      isOptional: rules.some(
        rule => rule.propertyName === name && rule.type === ValidationTypes.CONDITIONAL_VALIDATION,
      ),
    },
    ...propertiesOf((value as Json)[name], [...path, name]),
  ]);
}

const valueAt = (sample: unknown, path: string[]) =>
  path.reduce<unknown>((node, key) => (node as Json | undefined)?.[key], sample);

function without(sample: Json, path: string[]): Json {
  const copy = structuredClone(sample);
  delete (valueAt(copy, path.slice(0, -1)) as Json)[path.at(-1) as string];
  return copy;
}

function problemsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof InvalidMessage) return error.problems;
    throw error;
  }
  return [];
}

/** The same with something unknown in every object. */
function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== 'object' || value === null) return value;
  const more = Object.entries(value).map(([name, part]) => [name, withMore(part)] as const);
  return Object.fromEntries([...more, ['addedLater', { anything: true }]]);
}

describe('samples', () => {
  it('are there for each type and each time it has grown, and for nothing else', () => {
    const expected = messages.flatMap(({ type }) =>
      samplesOf(type).map((_, i) => (i === 0 ? `${type}.json` : `${type}.${i + 1}.json`)),
    );
    expect(files.toSorted()).toEqual(expected.sort());
    expect(messages.filter(({ type }) => samplesOf(type).length === 0)).toEqual([]);
  });

  it('are not edited once released: a type that grows gets one more, one that changes is a new type', () => {
    const checksums = files.map(file => `${createHash('sha256').update(read(file)).digest('hex')}  ${file}`);
    expect(checksums.sort()).toEqual(read('CHECKSUMS').toString().trim().split('\n').sort());
  });
});

describe.each(messages.map(message => [message.type, message] as const))('%s', (type, message) => {
  const samples = samplesOf(type);
  const newest = samples.at(-1)?.sample as Json;
  const properties = propertiesOf(plainToInstance(message, newest));
  const required = properties.filter(({ isOptional }) => !isOptional).map(({ path }) => path.join('.'));

  it.each(samples)('reads $file, and sends it as it is', ({ sample }) => {
    const read = parseMessage(message, sample);
    expect(read).toBeInstanceOf(message);
    expect(JSON.parse(JSON.stringify(read))).toEqual(sample);
  });

  it('shows every property it may have in its newest sample', () => {
    const name = ({ owner, path }: Property) => `${owner}.${path.at(-1)}`;
    const shown = new Set(properties.filter(({ path }) => valueAt(newest, path) !== undefined).map(name));
    expect(properties.map(name).filter(property => !shown.has(property))).toEqual([]);
  });

  it('ignores what a newer producer adds, wherever it adds it', () => {
    expect(parseMessage(message, withMore(newest))).toMatchObject(newest);
  });

  it('is refused without any one of its required properties, and the error names that one', () => {
    const named = required.map(path => problemsOf(() => parseMessage(message, without(newest, path.split('.')))));
    expect(named.map(problems => problems.map(problem => problem.split(':')[0]))).toEqual(required.map(path => [path]));
  });
});
