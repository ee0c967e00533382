import type { HttpModuleOptions } from '@nestjs/axios';
import { isAxiosError } from 'axios';
import type { LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { ServiceConfig } from './config.ts';
import { ProviderError } from './errors.ts';
import { NotSent, undiciAdapter } from './http-adapter.ts';

export const USER_AGENT = 'castad/1.0';

/** Sooner than servers close idle connections: what is sent into a closing one has an unknown outcome. */
const IDLE_MS = 4_000;

/** How a connection is made. */
export type Connector = buildConnector.connector;

export function connectorOf(
  { HTTP_CONNECT_TIMEOUT_MS: timeout }: ServiceConfig,
  options: { lookup?: LookupFunction } = {},
): Connector {
  return buildConnector({ timeout, allowH2: false, ...options });
}

/** Pooled keep-alive connections, so that a burst of jobs opens no more of them than the pool holds. */
export function httpOptions(config: ServiceConfig): HttpModuleOptions {
  return httpOptionsOver(connectorOf(config), config);
}

export function httpOptionsOver(connect: Connector, config: ServiceConfig): HttpModuleOptions {
  const agent = new Agent({
    connect,
    connections: config.HTTP_MAX_SOCKETS,
    allowH2: false,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    // The adapter's own timer covers the whole call, and whoever reads a stream limits that.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    adapter: undiciAdapter(agent),
    timeout: config.HTTP_TIMEOUT_MS,
    maxContentLength: 4 * 1024 * 1024,
    headers: { 'user-agent': USER_AGENT, 'accept-encoding': 'identity' },
  };
}

/** A call that got no answer. Only a request that never left proves that the provider did nothing. */
export function noAnswer(provider: string, error: unknown): ProviderError {
  const code = isAxiosError(error) ? (error.code ?? '') : '';
  const refused = error instanceof NotSent;
  const timedOut = code === 'ECONNABORTED' || code === 'ETIMEDOUT';
  return new ProviderError(
    `${provider.toUpperCase()}_${refused ? 'UNREACHABLE' : timedOut ? 'TIMEOUT' : 'NO_ANSWER'}`,
    refused
      ? `${provider} cannot be reached.`
      : timedOut
        ? `${provider} did not answer in time.`
        : `${provider} broke off the call.`,
    // The axios error holds the request with its key, so only its code goes on.
    { cause: new Error(code || 'no code'), retriable: true, refused },
  );
}

/** Milliseconds of a Retry-After header (seconds or a date), at most an hour. */
export function retryAfterMs(header: unknown): number | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : new Date(header).getTime() - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 3_600_000);
}
