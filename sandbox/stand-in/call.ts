import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from './faults.ts';

export type Json = Record<string, unknown>;

/** One request as a provider's handler sees it. */
export interface Call {
  method: string;
  path: string;
  /** What stands for the `*` of the route. */
  param: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The address under which the caller reached us, without a path. */
  origin: string;
  raw: string;
  body: Json;
  /** The body is no JSON object; such a call never reaches a handler. */
  isMalformed: boolean;
  faults: Fault[];
  /** What a strict reader finds wrong, although the provider would let it pass. */
  problems: string[];
  /** The job this call made, for the log. */
  job?: string;
  /** Runs once the answer is out, or held back. */
  afterWork?: () => void;
}

export interface Reply {
  status: number;
  body: string | Buffer;
  headers: Record<string, string>;
  /** The verdict inside the body where a provider hides it under HTTP 200. */
  code?: number;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return { status, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return { status, body, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } };
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const stringOr = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise);

export function hasKey(call: Call, apiKey: string): boolean {
  return call.headers.authorization === `Bearer ${apiKey}`;
}

export const faultOf = (call: Call, kind: string): Fault | undefined => call.faults.find(fault => fault.kind === kind);
