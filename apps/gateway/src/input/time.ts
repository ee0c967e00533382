import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** A moment in ISO 8601 with its offset: without one it would be a different moment to everybody. */
export const IsTime = () =>
  applyDecorators(
    Transform(({ obj, key }) => timeOf((obj as Record<string, unknown>)[key])),
    ValidateBy({
      name: 'time',
      validator: {
        validate: value => value instanceof Date,
        defaultMessage: () => '$property must be a time with its offset, such as 2026-01-31T12:00:00Z',
      },
    }),
  );

function timeOf(value: unknown): unknown {
  const time = typeof value === 'string' && ISO.test(value) ? new Date(value) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time : value;
}
