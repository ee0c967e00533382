import type { Migration } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/mysql';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from './config.ts';
import { isBlocked, isDatabaseAway } from './database-errors.ts';
import { ormOptions } from './database.ts';
import { MySqlConfig } from './mysql.config.ts';
import { AppError, toError } from './errors.ts';

export interface NamedMigration {
  name: string;
  class: new (...args: ConstructorParameters<typeof Migration>) => Migration;
}

/** Neither MySQL nor MariaDB can take back what a migration did before its fault: a person has to. */
export class MigrationFailed extends AppError {
  constructor(name: string, statement: number, of: number, cause: unknown) {
    const rest =
      statement === 1
        ? 'Nothing of it has taken effect: mend what is wrong and run again.'
        : `Its first ${statement - 1} have taken effect and stay: undo them, or carry out the others and insert the ` +
          'name into the table `migration`; then run again.';
    super('MIGRATION_FAILED', `${name}, statement ${statement} of ${of}: ${toError(cause).message}\n${rest}`, {
      cause,
    });
  }
}

const LOCK_WAIT_SECONDS = 120;
/** While a change waits for a table, everybody else's queries on that table wait behind it. */
const TABLE_WAIT_SECONDS = 5;
const TABLE_TRIES = 20;
const TABLE_PAUSE_MS = 1_000;

/** The whole of a service's `migrate.ts`, for a user that may change the schema: applies what is missing. Several may run at once; one works, the others wait. */
export async function migrate(migrations: NamedMigration[]): Promise<void> {
  try {
    const applied = await applyMigrations(loadConfig(MySqlConfig), migrations);
    console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to migrate');
  } catch (error) {
    const { message, stack } = toError(error);
    const isClear = error instanceof AppError || isDatabaseAway(error);
    console.error(`cannot migrate: ${isClear ? message : stack}`);
    process.exitCode = 1;
  }
}

/**
 * Returns the names of the migrations that were missing. Recorded ones that this list lacks are a newer version's and
 * stay as they are.
 */
export async function applyMigrations(config: MySqlConfig, migrations: NamedMigration[]): Promise<string[]> {
  // One connection: the lock ends with it, and so does the work that the lock allows.
  const orm = await MikroORM.init(ormOptions(config, [], { pool: { max: 1 } }));
  try {
    const schema = new Schema(orm, `castad_migrations_${new URL(config.MYSQL_URL).pathname.slice(1)}`);
    await schema.lock();
    const applied = await schema.applied();
    const missing = migrations.filter(({ name }) => !applied.has(name));
    for (const migration of missing) await schema.apply(migration);
    return missing.map(({ name }) => name);
  } finally {
    await orm.close(true);
  }
}

/** The schema as the one who changes it sees it. */
class Schema {
  constructor(
    private readonly orm: MikroORM,
    private readonly lockName: string,
  ) {}

  async lock(): Promise<void> {
    const [row] = await this.execute<{ got: number }>('select get_lock(?, ?) as got', [
      this.lockName,
      LOCK_WAIT_SECONDS,
    ]);
    if (Number(row?.got) !== 1)
      throw new AppError('MIGRATION_LOCKED', 'another migration of this schema has not ended');
    await this.execute(`set session lock_wait_timeout = ${TABLE_WAIT_SECONDS}`);
  }

  async applied(): Promise<Set<string>> {
    await this.execute(`create table if not exists migration (
      id int unsigned not null auto_increment primary key,
      name varchar(255) not null,
      executed_at datetime not null default current_timestamp
    )`);
    const rows = await this.execute<{ name: string }>('select name from migration');
    return new Set(rows.map(({ name }) => name));
  }

  async apply({ name, class: Migration }: NamedMigration): Promise<void> {
    const migration = new Migration(this.orm.em.getDriver(), this.orm.config);
    await migration.up();
    const statements = migration.getQueries() as string[];
    for (const [index, sql] of statements.entries()) {
      try {
        await this.change(sql);
      } catch (error) {
        throw new MigrationFailed(name, index + 1, statements.length, error);
      }
    }
    await this.execute('insert into migration (name) values (?)', [name]);
  }

  /** A statement that could not have the table has done nothing and is tried again; the others get their turn between. */
  private async change(sql: string): Promise<void> {
    for (let round = 1; ; round++) {
      try {
        await this.assertLocked();
        await this.execute(sql);
        return;
      } catch (error) {
        if (!isBlocked(error) || round === TABLE_TRIES) throw error;
        await delay(TABLE_PAUSE_MS);
      }
    }
  }

  private async assertLocked(): Promise<void> {
    const [row] = await this.execute<{ held: number }>('select is_used_lock(?) = connection_id() as held', [
      this.lockName,
    ]);
    if (Number(row?.held) !== 1) throw new AppError('MIGRATION_UNLOCKED', 'the connection was lost on the way');
  }

  private execute<R>(sql: string, values: unknown[] = []): Promise<R[]> {
    return this.orm.em.getConnection().execute<R[]>(sql, values);
  }
}
