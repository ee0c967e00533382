import { IsIn, IsOptional, IsUrl, Matches } from 'class-validator';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { AppError } from './errors.ts';
import { IsReadableFile } from './readable-file.ts';

/** As MySQL's own `ssl-mode` has it: encrypted; by a server that the authority vouches for; under the very name we call. */
const sslModes = ['off', 'required', 'verify-ca', 'verify-identity'] as const;

/** How to reach the service's own schema. */
export class MySqlConfig {
  @IsUrl({ protocols: ['mysql'], require_tld: false, require_protocol: true })
  @Matches(/^[^?#]*$/, { message: 'MYSQL_URL takes no options; TLS is set by MYSQL_SSL and its companions' })
  MYSQL_URL!: string;

  @IsIn(sslModes)
  MYSQL_SSL: (typeof sslModes)[number] = 'off';

  /** PEM file of the authority; without it the system's authorities count. */
  @IsOptional()
  @IsReadableFile()
  MYSQL_SSL_CA?: string;

  /** PEM files of our own certificate, where the server asks for one. */
  @IsOptional()
  @IsReadableFile()
  MYSQL_SSL_CERT?: string;

  @IsOptional()
  @IsReadableFile()
  MYSQL_SSL_CERT_KEY_FILE?: string;
}

/** What the driver has to know; undefined: no TLS. @throws AppError `INVALID_CONFIG` */
export function mysqlSsl({ MYSQL_URL, MYSQL_SSL: mode, ...files }: MySqlConfig) {
  if (mode === 'off') return undefined;
  // Of an address the driver would verify nothing.
  if (mode === 'verify-identity' && isIP(new URL(MYSQL_URL).hostname))
    throw new AppError('INVALID_CONFIG', 'MYSQL_SSL=verify-identity needs the name of a host in MYSQL_URL');
  const read = (path: string | undefined) => (path ? readFileSync(path, 'utf8') : undefined);
  return {
    ca: read(files.MYSQL_SSL_CA),
    cert: read(files.MYSQL_SSL_CERT),
    key: read(files.MYSQL_SSL_CERT_KEY_FILE),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: mode !== 'required',
    verifyIdentity: mode === 'verify-identity',
  };
}
