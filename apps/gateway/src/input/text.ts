import { codePoints, isBlank } from '@castad/platform';
import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';

/** What is wrong with the value of that name; undefined: nothing. */
export type Check = (value: unknown, name: string) => string | undefined;

const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const CONTROL_IN_PROSE = /(?![\t\n])\p{Cc}/u;
const BRACKET = /[[\]]/;

/** One line that shows something, of at most `max` characters. */
export const Line = (max: number) => checked(line(max));

/** Text that may be empty, and may hold line breaks and tabs. */
export const Prose = (max: number) => checked(prose(max));

/** Lines as they are sung, each of at most `max` characters. */
export const SungLines = (max: number) => {
  const check = line(max);
  const sung: Check = (value, name) =>
    check(value, name) ?? (BRACKET.test(value as string) ? notSung(name) : undefined);
  return checked((lines, name) =>
    Array.isArray(lines)
      ? lines.flatMap((value, i) => sung(value, `${name}[${i}]`) ?? []).join('; ') || undefined
      : undefined,
  );
};

export const line =
  (max: number): Check =>
  (value, name) =>
    faultOf(value, name, max, CONTROL);

export const prose =
  (max: number): Check =>
  (value, name) =>
    value === '' ? undefined : faultOf(value, name, max, CONTROL_IN_PROSE);

function faultOf(value: unknown, name: string, max: number, control: RegExp): string | undefined {
  if (typeof value !== 'string') return `${name} must be a text`;
  if (!value.isWellFormed()) return `${name} must not hold half of a character`;
  const [found] = control.exec(value) ?? [];
  if (found) return `${name} must not hold the control character ${codeOf(found)}`;
  if (isBlank(value)) return `${name} must hold something that can be seen`;
  const length = codePoints(value);
  return length > max ? `${name} must be at most ${max} code points long and has ${length}` : undefined;
}

/** The composer takes what stands in them for stage directions. */
const notSung = (name: string): string => `${name} must not hold square brackets: what they enclose is not sung`;

const codeOf = (text: string): string => `U+${text.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Composed, so that what looks the same is the same, and with one kind of line break. */
const normalised = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, text]) => [normalised(key), normalised(text)]));
  return typeof value === 'string' ? value.replace(/\r\n?/g, '\n').normalize('NFC') : value;
};

/** Of what came, not of what class-transformer makes of it: it would leave out keys such as `toString`. */
export const checked = (check: Check) =>
  applyDecorators(
    Transform(({ obj, key }) => normalised((obj as Record<string, unknown>)[key])),
    ValidateBy({
      name: 'text',
      validator: {
        validate: (value: unknown, args: ValidationArguments) => check(value, args.property) === undefined,
        defaultMessage: ({ value, property }: ValidationArguments) => check(value, property) ?? '',
      },
    }),
  );
