import { messages, type MessageClass } from '@castad/contracts';
import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { schemasOf, type Schema } from './schemas.ts';

/** What a consumer of one type enforces, frozen when it is released: where it reads, and what it refuses. */
export interface Reader {
  topic: string;
  schema: Schema;
}

/** The readers' and the samples' folders, in the repository. */
export const READERS = 'libs/contracts/src/readers';
export const SAMPLES = 'libs/contracts/src/samples';

/** The files of one type in the order of its shapes: `SongReady.v1.json`, `SongReady.v1.2.json` and so on. */
export function shapesOf(folder: string, type: string): string[] {
  const pattern = new RegExp(`^${type.replaceAll('.', '\\.')}(?:\\.(\\d+))?\\.json$`);
  const shapes = readdirSync(folder).flatMap(file => {
    const found = pattern.exec(file);
    return found ? [{ file, number: Number(found[1] ?? 1) }] : [];
  });
  return shapes.sort((a, b) => a.number - b.number).map(({ file }) => join(folder, file));
}

export const readJson = <T>(file: string) => JSON.parse(readFileSync(file, 'utf8')) as T;

/** The readers of today, by type. */
export function readersOfToday(): Map<string, Reader> {
  const schemas = schemasOf(messages, new Map());
  const whole = ({ $ref, properties, items, required, ...rules }: Schema): Schema =>
    $ref
      ? whole(schemas[$ref.split('/').at(-1) as string] as Schema)
      : {
          ...rules,
          ...(required && { required: [...required].sort() }),
          ...(properties && {
            properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, whole(part)])),
          }),
          ...(items && { items: whole(items) }),
        };
  const readerOf = ({ name, topic }: MessageClass) => ({ topic, schema: whole(schemas[name] as Schema) });
  return new Map(messages.map(type => [type.type, readerOf(type)]));
}

/**
 * How today's reader goes beyond growing by optional properties. What is stricter now would refuse an old message, what
 * is looser now would let a message out that an old consumer refuses: either needs a new version of the type.
 */
export function breaks(released: Reader, today: Reader | undefined): string[] {
  if (!today) return ['the type is gone'];
  const moved = released.topic === today.topic ? [] : [`topic: ${released.topic} became ${today.topic}`];
  return [...moved, ...changes(released.schema, today.schema, 'value')];
}

function changes(released: Schema, today: Schema | undefined, path: string): string[] {
  if (!today) return [`${path} is gone`];
  const { properties: old = {}, items: oldItems, ...oldRules } = released;
  const { properties = {}, items, ...rules } = today;
  return [
    ...(isDeepStrictEqual(oldRules, rules)
      ? []
      : [`${path}: ${JSON.stringify(oldRules)} became ${JSON.stringify(rules)}`]),
    ...Object.entries(old).flatMap(([name, part]) => changes(part, properties[name], `${path}.${name}`)),
    ...(oldItems ? changes(oldItems, items, `${path}[]`) : []),
  ];
}

/** Writes the readers that are new or have grown, and the checksums of what has none yet. Returns what speaks against it. */
export function freeze(): string[] {
  const today = [...readersOfToday()].map(([type, reader]) => {
    const released = shapesOf(READERS, type).map(file => readJson<Reader>(file));
    return { type, reader, released };
  });
  const faults = today.flatMap(({ type, reader, released }) =>
    released.flatMap(old => breaks(old, reader).map(fault => `${type}, ${fault}`)),
  );
  if (faults.length > 0) return faults;
  for (const { type, reader, released } of today) {
    if (isDeepStrictEqual(released.at(-1), reader)) continue;
    const number = released.length === 0 ? '' : `.${released.length + 1}`;
    writeFileSync(join(READERS, `${type}${number}.json`), `${JSON.stringify(reader, undefined, 2)}\n`);
  }
  for (const folder of [READERS, SAMPLES]) {
    const known = readFileSync(join(folder, 'CHECKSUMS'), 'utf8');
    const added = checksums(folder).filter(line => !known.includes(line.slice(line.indexOf(' '))));
    appendFileSync(join(folder, 'CHECKSUMS'), added.join(''));
  }
  return [];
}

/** A line for each file, as `sha256sum` prints it. */
export const checksums = (folder: string): string[] =>
  readdirSync(folder)
    .filter(file => file.endsWith('.json'))
    .sort()
    .map(
      file =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, file)))
          .digest('hex')}  ${file}\n`,
    );
