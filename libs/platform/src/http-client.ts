import type { HttpModuleOptions } from '@nestjs/axios';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isAxiosError } from 'axios';
import { ServiceConfig } from './config.ts';
import { ProviderError } from './errors.ts';

export const USER_AGENT = 'castad/1.0';

/** Sooner than servers close idle connections: what is sent into a closing one has an unknown outcome. */
const IDLE_MS = 4_000;

/** Pooled keep-alive connections, so that a burst of jobs opens no more of them than the pool holds. */
export function httpOptions(config: ServiceConfig): HttpModuleOptions {
  const pool = {
    keepAlive: true,
    maxSockets: config.HTTP_MAX_SOCKETS,
    scheduling: 'lifo' as const,
    timeout: IDLE_MS,
  };
  return {
    timeout: config.HTTP_TIMEOUT_MS,
    httpAgent: limitConnect(new http.Agent(pool), config.HTTP_CONNECT_TIMEOUT_MS),
    httpsAgent: limitConnect(new https.Agent(pool), config.HTTP_CONNECT_TIMEOUT_MS),
    proxy: false,
    maxRedirects: 0,
    maxContentLength: 4 * 1024 * 1024,
    headers: { 'user-agent': USER_AGENT },
    validateStatus: () => true,
  };
}

/** Node has a time-out for silence but none for connecting. */
function limitConnect<A extends http.Agent>(agent: A, timeoutMs: number): A {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback): Duplex | null | undefined => {
    const socket = create(options, callback) as Socket;
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('connect timed out'), { code: 'ECONNREFUSED' })),
      timeoutMs,
    );
    socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    return socket;
  };
  return agent;
}

const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** A call that got no answer. Only a connection that was never made proves that the provider did nothing. */
export function noAnswer(provider: string, error: unknown): ProviderError {
  const code = isAxiosError(error) ? (error.code ?? '') : '';
  const refused = NOT_CONNECTED.has(code);
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
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : new Date(header).getTime() - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 3_600_000);
}
