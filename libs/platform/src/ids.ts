import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsUUID } from 'class-validator';
import { v7, validate } from 'uuid';

/** A UUIDv7: ids sort by the time they were made. */
export const newId = (): string => v7();

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
