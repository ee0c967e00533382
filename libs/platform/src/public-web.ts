import type { HttpModuleOptions } from '@nestjs/axios';
import dns, { type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { ServiceConfig } from './config.ts';
import { AppError, toError } from './errors.ts';
import { connectorOf, httpOptionsOver, type Connector } from './http-client.ts';
import { isPublicAddress } from './public-address.ts';

/** An address outside the public web, or outside the part of it that the configuration allows. */
export class NotPublic extends AppError {
  constructor(why: string) {
    super('ADDRESS_NOT_PUBLIC', 'The address is not one of the public web.', { cause: new Error(why) });
  }
}

/** How a name becomes addresses; the system's own way has this form. */
export type Resolve = (
  host: string,
  options: dns.LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** For addresses that others gave us. */
export function publicHttpOptions(config: ServiceConfig): HttpModuleOptions {
  return httpOptionsOver(publicConnector(config), config);
}

/** An address as it may be called: of the web, without credentials. @throws NotPublic */
export function webUrl(text: string, base?: string): URL {
  const url = URL.parse(text, base);
  if (!url || !/^https?:$/.test(url.protocol)) throw new NotPublic('it is no address of the web');
  if (url.username || url.password) throw new NotPublic('it holds credentials');
  return url;
}

/**
 * Checks each connection as it is made, with the very addresses it will use, so that neither a redirect nor a name that
 * changes its meaning leads inside.
 */
export function publicConnector(
  config: ServiceConfig,
  resolve: Resolve = dns.lookup,
  connectorWith = connectorOf,
): Connector {
  const anywhere = connectorWith(config);
  const publicly = connectorWith(config, { lookup: publicLookup(resolve) });
  return (options, callback) => {
    try {
      const connect = isPrivate(options.hostname, config) ? anywhere : publicly;
      connect(options, callback);
    } catch (error) {
      callback(toError(error), null);
    }
  };
}

/** Whether a host may have any address. @throws NotPublic */
function isPrivate(host: string, { FETCH_ALLOWED_HOSTS, FETCH_PRIVATE_HOSTS }: ServiceConfig): boolean {
  if (FETCH_ALLOWED_HOSTS && !isAmong(host, FETCH_ALLOWED_HOSTS))
    throw new NotPublic('FETCH_ALLOWED_HOSTS does not name its host');
  if (FETCH_PRIVATE_HOSTS && isAmong(host, FETCH_PRIVATE_HOSTS)) return true;
  if (isIP(host) && !isPublicAddress(host)) throw new NotPublic('its host is not a public address');
  return false;
}

/** Finds the public addresses of a name. */
const publicLookup =
  (resolve: Resolve): LookupFunction =>
  (host, options, callback) =>
    resolve(host, { ...options, all: true }, (error, found) => {
      const addresses = error ? [] : found.filter(({ address }) => isPublicAddress(address));
      const [first] = addresses;
      if (!first) return callback(error ?? new NotPublic('its host has no public address'), '', 0);
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });

/** `files.example.com` names itself, `.example.com` all hosts below it. */
const isAmong = (host: string, list: string): boolean =>
  list.split(',').some(entry => (entry.startsWith('.') ? host.endsWith(entry) : host === entry));
