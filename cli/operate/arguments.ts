import { messages, services, topics, type ServiceName } from '@castad/contracts';
import { isId } from '@castad/platform';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { WrongUse } from './wrong-use.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Parses the command line. @throws WrongUse with the command's usage */
export function parse<O extends Options>(args: string[], usage: string, options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new WrongUse((error as Error).message, usage);
  }
}

export function serviceNamed(name: string | undefined, usage: string): ServiceName {
  const service = services.find(known => known === name);
  if (service) return service;
  throw new WrongUse(name ? `There is no service ${name}.` : 'The service is missing.', usage);
}

export function topicNamed(name: string): string {
  const names = Object.values(topics).map(topic => topic.name as string);
  if (names.includes(name)) return name;
  throw new WrongUse(`There is no topic ${name}.`, `one of ${names.join(', ')}.`);
}

/** `SongReady` or `SongReady.v1`; in the first form all its versions. */
export function typesNamed(name: string): string[] {
  const types = messages.map(({ type }) => type);
  const named = types.filter(type => type === name || type.startsWith(`${name}.v`));
  if (named.length > 0) return named;
  throw new WrongUse(`There is no message ${name}.`, `one of ${types.join(', ')}.`);
}

export function taskNamed(id: string | undefined): string | undefined {
  if (id === undefined || isId(id)) return id;
  throw new WrongUse(`${id} is not the id of a task.`, 'a UUID, as the API gives it.');
}

export function timeNamed(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new WrongUse(`${text} is not a time.`, 'as in 2026-01-31T12:00:00Z.');
}
