import { createHmac } from 'node:crypto';
import mysql from 'mysql2/promise';
import { readFileSync } from 'node:fs';
import { Failure } from './failure.ts';

export const services = ['gateway', 'lyric-service', 'song-service', 'video-service', 'storage-service'] as const;

/** A service's own user may read and write its rows; the one that migrates may change its tables. */
export type Role = 'run' | 'migrate';

const privileges: Record<Role, string> = { run: 'SELECT, INSERT, UPDATE, DELETE', migrate: 'ALL PRIVILEGES' };

/** The databases of one system, on a server that one URL may administer. */
export class Databases {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  /** One schema and two users per service; no user sees another's tables. */
  async create(prefix = '') {
    try {
      const connection = await mysql.createConnection({
        uri: this.#server,
        multipleStatements: true,
        ssl: encryption(),
      });
      try {
        for (const service of services) await connection.query(this.#statements(prefix, service));
      } finally {
        await connection.end();
      }
    } catch (cause) {
      throw new Failure(`The databases cannot be made: ${(cause as Error).message}.`, {
        next: 'check MYSQL_URL: it names a server that answers, and a user who may create schemas and users.',
        cause,
      });
    }
  }

  url(service: string, role: Role = 'run', prefix = ''): string {
    const url = new URL(this.#server);
    url.username = user(prefix, service, role);
    url.password = this.#password(url.username);
    url.pathname = `/${schema(prefix, service)}`;
    return url.href;
  }

  #statements(prefix: string, service: string): string {
    const name = schema(prefix, service);
    const statements = [`CREATE DATABASE IF NOT EXISTS \`${name}\` CHARACTER SET utf8mb4`];
    for (const role of ['run', 'migrate'] as const) {
      const account = `'${user(prefix, service, role)}'@'%'`;
      const password = this.#password(user(prefix, service, role));
      statements.push(
        `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}'`,
        // An underscore would stand for any character in a grant.
        `GRANT ${privileges[role]} ON \`${name.replaceAll('_', '\\_')}\`.* TO ${account}`,
      );
    }
    return statements.join(';\n');
  }

  /** Follows from the server's URL, so that every process that has it finds the same one. */
  #password(user: string): string {
    return `${createHmac('sha256', this.#server).update(user).digest('base64url')}-1Aa`;
  }
}

/** A server of yours may demand it; the variables are those of the services. */
function encryption({ MYSQL_SSL: mode, ...files } = process.env) {
  if (!mode || mode === 'off') return undefined;
  const read = (path: string | undefined) => (path ? readFileSync(path, 'utf8') : undefined);
  return {
    ca: read(files.MYSQL_SSL_CA),
    cert: read(files.MYSQL_SSL_CERT),
    key: read(files.MYSQL_SSL_CERT_KEY_FILE),
    rejectUnauthorized: mode !== 'required',
    verifyIdentity: mode === 'verify-identity',
  };
}

function schema(prefix: string, service: string): string {
  return `${prefix}castad_${service.replace('-service', '')}`;
}

function user(prefix: string, service: string, role: Role): string {
  const name = schema(prefix, service);
  return role === 'run' ? name : `${name}_migrate`;
}
