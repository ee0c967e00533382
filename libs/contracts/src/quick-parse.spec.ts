import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync } from 'class-validator';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messages } from './catalog.ts';
import type { MessageClass } from './message.ts';
import { quickParse } from './quick-parse.ts';

type Json = Record<string, unknown>;

const TEXTS = [
  ...['', ' ', 'x', 'x'.repeat(3_000), '\u00a9\ufe0f', '\ufe0f', '\ud800', '1', '\n'],
  ...['http://a', 'http://localhost:1/x', 'a.example', 'ftp://a', 'http://a b', 'mailto:a@b.c', 'javascript:alert(1)'],
  ...['2026-01-31', '2026-02-31', '2026-01-31T12:00:00Z', '20260131', 'yesterday'],
  ...['00000000-0000-0000-0000-000000000000', '01997D2E-8C40-7B1A-9F3E-5D2C6A1B4E70', `{${'0'.repeat(36)}}`],
];
const ODD = [undefined, null, 0, -1, 1.5, true, [], {}, [null], ['x'], [[]], ['x', 'x'], ...TEXTS];

const folder = join(import.meta.dirname, 'samples');

/** The newest sample: it shows every property. `X.v1.json` comes before `X.v1.2.json`. */
function sampleOf(type: string): Json {
  const samples = readdirSync(folder).filter(file => file.startsWith(`${type}.`) && file.endsWith('.json'));
  const newest = samples.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).at(-1) as string;
  return JSON.parse(readFileSync(join(folder, newest), 'utf8')) as Json;
}

const pathsIn = (value: unknown, path: string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([name, part]) => pathsIn(part, [...path, name]))]
    : [path];

const changed = (sample: Json, path: string[], odd: unknown): Json => {
  const copy = structuredClone(sample);
  const owner = path.slice(0, -1).reduce<Json>((value, name) => value[name] as Json, copy);
  owner[path.at(-1) as string] = odd;
  return JSON.parse(JSON.stringify(copy)) as Json;
};

/** What class-transformer and class-validator make of it alone. */
const slowly = (type: MessageClass, data: Json) => {
  const message = plainToInstance(type, data);
  return validateSync(message).length === 0 ? message : undefined;
};

describe.each(messages.map(type => [type.type, type] as const))('the quick way to a %s', (name, type) => {
  const sample = sampleOf(name);

  it('makes the same message', () => {
    const quick = quickParse(type, structuredClone(sample));
    expect(quick).toBeInstanceOf(type);
    expect(JSON.stringify(quick)).toBe(JSON.stringify(slowly(type, sample)));
  });

  it('takes nothing that class-validator refuses', () => {
    const wrong = pathsIn(sample)
      .slice(1)
      .flatMap(path => ODD.map(odd => ({ path, odd, data: changed(sample, path, odd) })))
      .filter(({ data }) => {
        const quick = quickParse(type, structuredClone(data));
        return quick && JSON.stringify(quick) !== JSON.stringify(slowly(type, data));
      });
    expect(wrong.map(({ path, odd }) => `${path.join('.')} = ${JSON.stringify(odd)}`)).toEqual([]);
  });

  it('leaves names that mean something to JavaScript to the slow one, wherever they are', () => {
    const objects = JSON.stringify(sample).matchAll(/\{/g);
    for (const { index } of objects)
      for (const trap of ['__proto__', 'constructor', 'toString']) {
        const text = JSON.stringify(sample);
        const data = JSON.parse(`${text.slice(0, index)}{"${trap}": {}, ${text.slice(index + 1)}`) as Json;
        expect(quickParse(type, data)).toBeUndefined();
      }
  });
});

/** The classes of a message and of everything in it. */
const classesIn = (value: unknown): object[] =>
  typeof value === 'object' && value !== null
    ? [value.constructor, ...Object.values(value).flatMap(part => classesIn(part))]
    : [];

type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

const always = () => true;

/** The rules that the schemas say exactly as strictly, with these constraints. */
const EXACT: Record<string, (constraints: Rule['constraints']) => boolean> = {
  ...Object.fromEntries(
    ['isArray', 'isBoolean', 'isIn', 'isInt', 'isObject', 'isOptional', 'isPositive', 'isString'].map(rule => [
      rule,
      always,
    ]),
  ),
  ...Object.fromEntries(['arrayMaxSize', 'arrayMinSize', 'max', 'maxLength', 'min'].map(rule => [rule, always])),
  arrayUnique: ([identifier]) => identifier === undefined,
  nestedValidation: always,
  isIso8601: ([options]) => options === undefined,
  isNumber: ([options]) => Object.keys(options as object).length === 0,
  isUuid: ([version]) => version === undefined,
  isUrl: ([options]) => (options as { require_tld: boolean }).require_tld === false,
  // Ajv counts a variation selector as a character of its own.
  isLength: ([min]) => (min as number) <= 1,
  matches: ([pattern]) => (pattern as RegExp).flags === '',
};

/** What makes the schemas drops a rule that it does not know, and most options of those it knows. */
it('meets only rules that the schemas say as strictly', () => {
  const classes = messages.flatMap(type => classesIn(plainToInstance(type, sampleOf(type.type))));
  const rules = [...new Set(classes)].flatMap(type =>
    getMetadataStorage().getTargetValidationMetadatas(type as MessageClass, '', false, false),
  );
  const loose = rules.filter(({ name, type, constraints }) => !EXACT[name ?? type]?.(constraints ?? []));
  expect(loose.map(({ target, propertyName, name }) => [target, propertyName, name])).toEqual([]);
});
