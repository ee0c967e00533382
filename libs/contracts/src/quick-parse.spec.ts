import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messages } from './catalog.ts';
import type { MessageClass } from './message.ts';
import { quickParse } from './quick-parse.ts';

type Json = Record<string, unknown>;

const ODD = [undefined, null, 0, -1, 1.5, '', 'x', 'x'.repeat(3_000), true, [], {}, [null], ['x'], [[]], 'http://a'];

const sampleOf = (type: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'samples', `${type}.json`), 'utf8')) as Json;

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
    const slow = plainToInstance(type, sample);
    expect(quick).toStrictEqual(slow);
    expect(JSON.stringify(quick)).toBe(JSON.stringify(slow));
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

  it('leaves names that mean something to JavaScript to the slow one', () => {
    for (const trap of ['__proto__', 'constructor', 'toString'])
      expect(
        quickParse(type, JSON.parse(`{"${trap}": {}, ${JSON.stringify(sample).slice(1)}`) as Json),
      ).toBeUndefined();
  });
});
