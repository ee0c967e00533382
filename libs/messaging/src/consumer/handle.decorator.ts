import type { Message, MessageClass } from '@castad/contracts';
import { Catch, UseFilters, type ArgumentsHost, type RpcExceptionFilter, type Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { throwError, type Observable } from 'rxjs';
import type { MessageContext } from './message-context.ts';

/** Nest would replace unknown errors by a generic object; the transport decides by the original. */
@Catch()
class Rethrow implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

type Handler<M extends Message> = (message: M, context: MessageContext) => Promise<void> | void;

/** Before the type in the pattern of a restoring handler. */
export const RESTORE = 'restore ';

/**
 * Marks the method of a controller that handles these message types in this service. It runs in a transaction the
 * transport opened, once per message: it reads and writes the service's own tables and returns nothing.
 */
export const Handle = <T extends MessageClass[]>(...types: T) =>
  handles<InstanceType<T[number]>>(types.map(({ type }) => type));

/**
 * Marks the method that rebuilds rows from old messages, mostly the service's own. It runs like a handler, but only
 * for copies in the service's replay topic, where it goes before the one that handles the type live.
 */
export const Restore = <M extends Message>({ type }: MessageClass<M>) => handles<M>([RESTORE + type]);

/** The types that a controller handles live. */
export function handledTypes({ prototype }: Type<object>): string[] {
  return Object.values(Object.getOwnPropertyDescriptors(prototype))
    .flatMap(({ value }) => (value ? ((Reflect.getMetadata(PATTERN_METADATA, value as object) ?? []) as string[]) : []))
    .filter(pattern => !pattern.startsWith(RESTORE));
}

function handles<M extends Message>(patterns: string[]) {
  return <H extends Handler<M>>(target: object, key: string, descriptor: TypedPropertyDescriptor<H>): void => {
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    UseFilters(Rethrow)(target, key, descriptor);
    EventPattern<string[]>(patterns)(target, key, descriptor);
  };
}
