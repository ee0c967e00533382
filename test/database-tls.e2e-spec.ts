import { Database, explain, InvalidConfig, loadConfig, ServiceConfig } from '@castad/platform';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mariadb } from '../sandbox/infrastructure/mariadb.ts';
import { ProcessTree } from '../sandbox/process-tree.ts';

jest.setTimeout(60_000);

const dir = mkdtempSync(join(tmpdir(), 'castad-tls-'));
const file = (name: string) => join(dir, name);
const tree = new ProcessTree({ dir: join(dir, 'tree'), exact: true, log: () => undefined });
let url: string;

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });

/** An authority, and a certificate of it for these names. */
function certify(ca: string, cert: string, names: string): void {
  const subject = (name: string) => ['-subj', `/CN=${name}`, '-days', '1', '-nodes', '-newkey', 'rsa:2048'];
  openssl('req', '-x509', ...subject(ca), '-keyout', file(`${ca}.key`), '-out', file(`${ca}.pem`));
  openssl(
    ...['req', '-x509', ...subject(cert), '-CA', file(`${ca}.pem`), '-CAkey', file(`${ca}.key`)],
    ...['-addext', `subjectAltName=${names}`, '-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-keyout', file(`${cert}.key`), '-out', file(`${cert}.pem`)],
  );
}

beforeAll(async () => {
  certify('authority', 'server', 'DNS:localhost');
  certify('stranger', 'impostor', 'DNS:localhost');
  const [ca, cert, key] = ['authority.pem', 'server.pem', 'server.key'].map(file) as [string, string, string];
  const server = tree.add(await mariadb(tree, { ca, cert, key }));
  await server.start();
  url = `mysql://root@${server.address}/mysql`;
});
afterAll(async () => {
  await tree.close();
  rmSync(dir, { recursive: true, force: true });
});

const configOf = (changes: Record<string, string>) =>
  loadConfig(ServiceConfig, { KAFKA_BROKERS: 'one:9092', MYSQL_URL: url, DB_TIMEOUT_MS: '5000', ...changes });

/** How the server says the connection is encrypted. */
async function cipher(changes: Record<string, string>): Promise<string> {
  const database = new Database(configOf(changes), []);
  try {
    const [row] = await database.read('requests', em =>
      em.getConnection().execute<{ Value: string }[]>("show session status like 'Ssl_cipher'"),
    );
    return row?.Value ?? '';
  } finally {
    await database.onApplicationShutdown();
  }
}

const localhost = () => url.replace('127.0.0.1', 'localhost');

it('is used as far as it is asked for', async () => {
  const ways: Record<string, string>[] = [
    { MYSQL_SSL: 'required' },
    { MYSQL_SSL: 'verify-ca', MYSQL_SSL_CA: file('authority.pem') },
    { MYSQL_SSL: 'verify-identity', MYSQL_SSL_CA: file('authority.pem'), MYSQL_URL: localhost() },
    { MYSQL_SSL: 'required', MYSQL_SSL_CERT: file('server.pem'), MYSQL_SSL_CERT_KEY_FILE: file('server.key') },
  ];
  for (const way of ways) expect(await cipher(way)).toMatch(/^TLS|^ECDHE/);
});

it.each<[string, () => Record<string, string>]>([
  ['without it, as the server demands it', () => ({})],
  [
    'to a server that another authority vouches for',
    () => ({ MYSQL_SSL: 'verify-ca', MYSQL_SSL_CA: file('stranger.pem') }),
  ],
  ['to a server that nobody known vouches for', () => ({ MYSQL_SSL: 'verify-ca' })],
])('connects nowhere %s', async (_, changes) => {
  await expect(cipher(changes())).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
});

it.each<[string, () => Record<string, string>, RegExp]>([
  [
    'another authority vouches for the server',
    () => ({ MYSQL_SSL: 'verify-ca', MYSQL_SSL_CA: file('stranger.pem') }),
    /certificate/,
  ],
  [
    'the password is wrong',
    () => ({ MYSQL_SSL: 'required', MYSQL_URL: url.replace('root@', 'root:wrong-word@') }),
    /Access denied for user 'root'/,
  ],
])('tells who watches and who migrates that %s, and no secret', async (_, changes, reason) => {
  const told = explain(await cipher(changes()).catch((error: unknown) => error));
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', './libs/testing/src/swc-hooks.js', 'libs/platform/test/migrate.main.ts'],
    { cwd: join(import.meta.dirname, '..'), encoding: 'utf8', env: { ...process.env, MYSQL_URL: url, ...changes() } },
  );

  expect(status).toBe(1);
  for (const text of [told, stderr.trim()]) {
    expect(text).toMatch(reason);
    expect(text).not.toContain('wrong-word');
  }
  expect(stderr.trim()).toMatch(/^cannot migrate: .*$/);
});

it('verifies the name of the server, and no address', async () => {
  const changes = { MYSQL_SSL: 'verify-identity', MYSQL_SSL_CA: file('authority.pem') };
  await expect(cipher(changes)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
});

it.each([
  [{ MYSQL_URL: 'mysql://u:p@h/d?ssl-mode=REQUIRED' }, 'MYSQL_URL takes no options'],
  [{ MYSQL_SSL: 'maybe' }, 'MYSQL_SSL must be one of'],
  [{ MYSQL_SSL_CA: '/nowhere.pem' }, 'MYSQL_SSL_CA must name a file that can be read'],
])('is refused at the start as %j', (changes, said) => {
  expect(() => configOf(changes)).toThrow(InvalidConfig);
  expect(() => configOf(changes)).toThrow(said);
});
