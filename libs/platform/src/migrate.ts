import { Migrator, type Migration } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/mysql';
import { IsUrl } from 'class-validator';
import { loadConfig } from './config.ts';
import { ormOptions } from './database.ts';
import { AppError, toError } from './errors.ts';

export interface NamedMigration {
  name: string;
  class: new (...args: ConstructorParameters<typeof Migration>) => Migration;
}

class MigrateConfig {
  /** A user that may change the schema; the running service's user may not. */
  @IsUrl({ protocols: ['mysql'], require_tld: false, require_protocol: true })
  MYSQL_URL!: string;
}

const LOCK_WAIT_SECONDS = 120;

/** The whole of a service's `migrate.ts`: applies what is missing. Several may run at once; one works, the others wait. */
export async function migrate(migrations: NamedMigration[]): Promise<void> {
  try {
    const applied = await applyMigrations(loadConfig(MigrateConfig).MYSQL_URL, migrations);
    console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to migrate');
  } catch (error) {
    const { message, stack } = toError(error);
    console.error(error instanceof AppError ? `cannot migrate: ${message}` : `cannot migrate: ${stack}`);
    process.exitCode = 1;
  }
}

/** Returns the names of the migrations that were missing. */
export async function applyMigrations(url: string, migrations: NamedMigration[]): Promise<string[]> {
  const lock = await MikroORM.init(ormOptions(url, [], { max: 1 }));
  try {
    const name = `castad_migrations_${new URL(url).pathname.slice(1)}`;
    const [row] = await lock.em
      .getConnection()
      .execute<[{ got: number }]>('select get_lock(?, ?) as got', [name, LOCK_WAIT_SECONDS]);
    if (Number(row.got) !== 1) throw new AppError('MIGRATION_LOCKED', 'another migration of this schema has not ended');
    const orm = await MikroORM.init({
      ...ormOptions(url, [], { max: 2 }),
      extensions: [Migrator],
      migrations: {
        migrationsList: migrations,
        snapshot: false,
        transactional: false,
        tableName: 'migration',
        silent: true,
      },
    });
    try {
      return (await orm.migrator.up()).map(({ name }) => name);
    } finally {
      await orm.close(true);
    }
  } finally {
    await lock.close(true);
  }
}
