import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosRequestConfig } from 'axios';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig, ServiceConfig } from './config.ts';
import { connectorOf, httpOptionsOver } from './http-client.ts';
import { publicConnector, type Resolve } from './public-web.ts';

const config = loadConfig(ServiceConfig, { MYSQL_URL: 'mysql://u:p@localhost/db', KAFKA_BROKERS: 'localhost:9092' });
const at = (...addresses: string[]) =>
  addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));

/** A network on which every address is that of our own server. */
class Network {
  readonly reached: string[] = [];

  connector: typeof connectorOf = (settings, options) =>
    connectorOf(settings, {
      lookup: (host, how, done) =>
        options?.lookup?.(host, how, (error, found) => {
          if (error) return done(error, found);
          this.reached.push(...(found as LookupAddress[]).map(({ address }) => address));
          done(null, at('127.0.0.1'));
        }),
    });
}

describe('publicConnector', () => {
  const server = createServer((_, reply) => void reply.writeHead(200, { connection: 'close' }).end('there'));
  let names: (LookupAddress[] | Error)[];
  let network: Network;
  let call: () => Promise<unknown>;

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  beforeEach(() => {
    network = new Network();
    const resolve: Resolve = (_host, _options, callback) => {
      const answer = names.shift() ?? [];
      if (answer instanceof Error) callback(answer, []);
      else callback(null, answer);
    };
    const connect = publicConnector(config, resolve, network.connector);
    const http = axios.create(httpOptionsOver(connect, config) as AxiosRequestConfig);
    const { port } = server.address() as AddressInfo;
    call = async () => (await http.get(`http://files.example.com:${port}/a.mp3`)).data as unknown;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  it('asks once what a name means, and connects to that', async () => {
    names = [at('8.8.8.8', '2606:4700::1')];
    expect(await call()).toBe('there');
    expect(network.reached).toEqual(['8.8.8.8', '2606:4700::1']);
  });

  it('connects to none of the private addresses among those of a name', async () => {
    names = [at('10.0.0.1', '8.8.8.8', '::1')];
    await call();
    expect(network.reached).toEqual(['8.8.8.8']);
  });

  it('refuses a name that means something inside, also when it meant something else a moment ago', async () => {
    names = [at('8.8.8.8'), at('169.254.169.254')];
    expect(await call()).toBe('there');
    await expect(call()).rejects.toMatchObject({ code: 'ADDRESS_NOT_PUBLIC' });
    expect(network.reached).toEqual(['8.8.8.8']);
  });

  it('leaves a name that nobody knows what it is: a fault that may pass', async () => {
    names = [Object.assign(new Error('unknown'), { code: 'ENOTFOUND' })];
    await expect(call()).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});
