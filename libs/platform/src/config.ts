import { IntersectionType } from '@nestjs/mapped-types';
import { plainToInstance } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min, validateSync } from 'class-validator';
import { inspect } from 'node:util';
import { AppError } from './errors.ts';
import { KafkaConfig } from './kafka.config.ts';
import { MySqlConfig } from './mysql.config.ts';

const SECRET = /(KEY|SECRET|PASSWORD|TOKEN|CONNECTION_STRING)$/;

/** What follows may be a token that is misspelt. */
const CALLBACK_ADDRESS = /((?:\/|%2f)callbacks(?:\/|%2f))[^\s"'\\<>]+/gi;

/** Wherever it appears: in another address, or a provider's echo. */
const CALLBACK_TOKEN = /(?<![\w-])[\w-]{43}(?![\w-])/g;

const HOSTS = /^[a-z0-9.:-]+(,[a-z0-9.:-]+)*$/;

/** Settings every service reads from its environment. Durations are milliseconds. */
export class ServiceConfig extends IntersectionType(KafkaConfig, MySqlConfig) {
  @IsInt()
  @Min(0)
  @Max(65535)
  PORT: number = 3000;

  /** Where health and metrics are answered, and nowhere else; absent: at `PORT`. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  ADMIN_PORT?: number;

  @IsString()
  HOST: string = '0.0.0.0';

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  LOG_LEVEL: string = 'info';

  /** Connections that requests may use at once; background work can never take them. */
  @IsInt()
  @Min(1)
  DB_REQUEST_CONNECTIONS: number = 4;

  @IsInt()
  @Min(1)
  DB_BACKGROUND_CONNECTIONS: number = 6;

  /** How long to wait for a connection of one's budget. */
  @IsInt()
  @Min(1)
  DB_WAIT_MS: number = 5_000;

  /** How long one unit of work may take. */
  @IsInt()
  @Min(1)
  DB_TIMEOUT_MS: number = 15_000;

  @IsInt()
  @Min(1)
  DB_IDLE_MS: number = 60_000;

  @IsInt()
  @Min(1_000)
  KAFKA_SESSION_TIMEOUT_MS: number = 10_000;

  @IsInt()
  @Min(1)
  HTTP_TIMEOUT_MS: number = 60_000;

  @IsInt()
  @Min(1)
  HTTP_CONNECT_TIMEOUT_MS: number = 10_000;

  /** Connections to one provider at once. */
  @IsInt()
  @Min(1)
  HTTP_MAX_SOCKETS: number = 20;

  /** The only hosts to fetch files from; `.example.com` is every host below. Absent: all that are public. */
  @IsOptional()
  @Matches(HOSTS, { message: 'FETCH_ALLOWED_HOSTS must be host[,host...]' })
  FETCH_ALLOWED_HOSTS?: string;

  /** Hosts that files may be fetched from although their addresses are private: stand-ins. For local work alone. */
  @IsOptional()
  @Matches(HOSTS, { message: 'FETCH_PRIVATE_HOSTS must be host[,host...]' })
  FETCH_PRIVATE_HOSTS?: string;

  @IsInt()
  @Min(1_000)
  SHUTDOWN_TIMEOUT_MS: number = 25_000;

  /** Longer than HTTP_TIMEOUT_MS: a job that still runs is not taken by another process. */
  @IsInt()
  @Min(500)
  WORKER_LEASE_MS: number = 90_000;

  /** Messages that may wait for the broker before requests for work are refused. */
  @IsInt()
  @Min(1)
  OUTBOX_MAX_ROWS: number = 100_000;

  /** How often to look for due jobs that nobody announced. */
  @IsInt()
  @Min(10)
  WORKER_POLL_MS: number = 1_000;

  /** The values that must never be seen in a log, in each form they may appear in. */
  secrets(): string[] {
    const { password } = new URL(this.MYSQL_URL);
    const named = Object.entries(this).flatMap(([name, value]) =>
      SECRET.test(name) && typeof value === 'string' ? [value] : [],
    );
    const keys = named.flatMap(value => [...value.matchAll(/AccountKey=([^;]+)/g)].map(([, key]) => key as string));
    const all = new Set([password, decodeURIComponent(password), ...named, ...keys]);
    return [...all].filter(secret => secret.length >= 6);
  }

  /** Takes secrets, signatures and callback tokens out of a text. */
  redactor(): (text: string) => string {
    const secrets = this.secrets();
    return text =>
      secrets
        .reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text)
        .replace(/([?&]sig=)[^&"\s]+/g, '$1[redacted]')
        .replace(CALLBACK_ADDRESS, '$1[redacted]')
        .replace(CALLBACK_TOKEN, '[redacted]');
  }

  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this).map(([name, value]) => [
        name,
        SECRET.test(name) || name.endsWith('_URL') ? '[redacted]' : (value as unknown),
      ]),
    );
  }

  [inspect.custom](): string {
    return inspect(this.toJSON());
  }
}

const INTERNAL_SECRETS = /^[\w.~+/=-]{16,}(,[\w.~+/=-]{16,})*$/;

/** Of services that call one another. */
export class InternalConfig extends ServiceConfig {
  /** The secret they share, and after it those that are still taken while it is changed. */
  @Matches(INTERNAL_SECRETS, {
    message: 'INTERNAL_SECRET must be <secret>[,<former secret>...] of at least 16 letters, digits or .~_+/=- each',
  })
  INTERNAL_SECRET!: string;

  /** All that are taken; the first one is sent. */
  internalSecrets(): [string, ...string[]] {
    return this.INTERNAL_SECRET.split(',') as [string, ...string[]];
  }

  override secrets(): string[] {
    return [...super.secrets(), ...this.internalSecrets()];
  }
}

/** The environment does not make a valid configuration; the message lists every fault. */
export class InvalidConfig extends AppError {
  constructor(problems: string[]) {
    super('INVALID_CONFIG', `the environment is not valid:\n${problems.map(text => `  - ${text}`).join('\n')}`);
  }
}

/** Reads and checks a configuration class, reporting all faults at once. An empty variable counts as absent. */
export function loadConfig<C extends object>(type: new () => C, environment: NodeJS.ProcessEnv = process.env): C {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const config = plainToInstance(type, present, { enableImplicitConversion: true, exposeDefaultValues: true });
  const errors = validateSync(config);
  if (errors.length > 0) {
    throw new InvalidConfig(
      errors.map(error => {
        const missing = present[error.property] === undefined;
        return missing ? `${error.property} is missing` : Object.values(error.constraints ?? {}).join(', ');
      }),
    );
  }
  return config;
}
