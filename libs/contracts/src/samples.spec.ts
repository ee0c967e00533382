import { describe, expect, it } from '@jest/globals';
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
const sampleOf = (type: string) => JSON.parse(read(`${type}.json`).toString()) as Json;

/** A declared property of the message or of an object in it, by its place in one sample. */
interface Property {
  owner: string;
  path: string[];
  isOptional: boolean;
}

/** The properties that the classes of a parsed message declare, present or not. */
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

describe('samples', () => {
  it('are one for each type', () => {
    expect(files).toEqual(messages.map(({ type }) => `${type}.json`).sort());
  });

  it('are not edited once released: a changed message is a new type', () => {
    const checksums = files.map(file => `${createHash('sha256').update(read(file)).digest('hex')}  ${file}\n`);
    expect(checksums.join('')).toBe(read('CHECKSUMS').toString());
  });
});

describe.each(messages.map(message => [message.type, message] as const))('%s', (type, message) => {
  const sample = sampleOf(type);
  const properties = propertiesOf(parseMessage(message, sample));
  const required = properties.filter(({ isOptional }) => !isOptional).map(({ path }) => path.join('.'));

  it('reads its sample', () => {
    expect(parseMessage(message, sample)).toBeInstanceOf(message);
  });

  it('shows every property it may have in its sample', () => {
    const name = ({ owner, path }: Property) => `${owner}.${path.at(-1)}`;
    const shown = new Set(properties.filter(({ path }) => valueAt(sample, path) !== undefined).map(name));
    expect(properties.map(name).filter(property => !shown.has(property))).toEqual([]);
  });

  it('survives being sent', () => {
    const sent = JSON.stringify(parseMessage(message, sample));
    expect(JSON.parse(sent)).toEqual(sample);
  });

  it('ignores what a newer producer adds', () => {
    expect(parseMessage(message, { ...sample, addedLater: { anything: true } })).toMatchObject(sample);
  });

  it('is refused without any one of its required properties, and the error names that one', () => {
    const named = required.map(path => problemsOf(() => parseMessage(message, without(sample, path.split('.')))));
    expect(named.map(problems => problems.map(problem => problem.split(':')[0]))).toEqual(required.map(path => [path]));
  });
});
