import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsUUID } from 'class-validator';
import { v5, v7, validate } from 'uuid';

const NAMESPACE = '5b0c6a0e-2f0d-5c53-9d3b-6c1f0a7e4b21';

/** A UUIDv7: ids sort by the time they were made. */
export const newId = (): string => v7();

const MAX_TIME = 2 ** 48 - 1;

/** When a UUIDv7 was made. */
export const timeOfId = (id: string): Date => new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16));

/** No id that was made before is behind it in their order, and none that was made then or later is before it. */
export function firstIdAt(time: Date): string {
  const hex = Math.min(Math.max(time.getTime(), 0), MAX_TIME).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

export const isId = (text: string): boolean => validate(text);

/** A UUID in lower case, the form that is stored and compared; undefined where it is none. */
export const canonicalId = (text: string): string | undefined => (isId(text) ? text.toLowerCase() : undefined);

/** A UUID in a request, brought to the form that is stored and compared. */
export const IsId = (options?: { each: boolean }) =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (Array.isArray(value) ? value.map(lowered) : lowered(value))),
    IsUUID(undefined, options),
  );

const lowered = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

/** A UUIDv5: the same parts make the same id, wherever and whenever. */
export const idOf = (...parts: string[]): string => v5(JSON.stringify(parts), NAMESPACE);
